"""How far production is behind: "production is 1 version and 25 days behind qatesting"."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.versions import Role, is_floating, sort_key, versions_between, within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tags.pages.standing import Standing

# What people call the place that the others are measured against; the first that a repository has.
PRODUCTION = ("production", "prod", "live")
MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """`behind` is so many versions, and perhaps days, behind the pointers `ahead`, which share one digest.

    `versions` None: there are too many to count.
    """

    behind: str
    ahead: tuple[str, ...]
    versions: int | None
    days: int

    @property
    def sentence(self) -> str:
        distances = []
        if self.versions is not None:
            distances.append(ngettext("%d version", "%d versions", self.versions) % self.versions)
        if self.days > 0:
            distances.append(ngettext("%d day", "%d days", self.days) % self.days)
        facts = {"behind": self.behind, "ahead": in_words(self.ahead)}
        match distances:
            case []:
                return _("%(behind)s is behind %(ahead)s") % facts
            case [distance]:
                facts["distance"] = distance
            case [versions, days]:
                facts["distance"] = _("%(versions)s and %(days)s") % {"versions": versions, "days": days}
        return _("%(behind)s is %(distance)s behind %(ahead)s") % facts


def in_words(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(most)s and %(last)s") % {"most": ", ".join(names[:-1]), "last": names[-1]}


@dataclass(frozen=True, slots=True)
class Lead:
    """Pointers on one digest that production is behind; from `low` to `high` is the way."""

    base: Standing
    ahead: tuple[Standing, ...]
    low: str
    high: str

    def drift(self, images: Collection[Collection[str]] | None) -> Drift:
        """How far that is; `images` are the version tags of each image, None: they are not to be counted."""
        steps = None
        if images is not None:
            steps = versions_between(self.low, self.high, within(images, (self.low, self.high)))
        return Drift(self.base.name, tuple(tag.name for tag in self.ahead), steps, self._days)

    @property
    def _days(self) -> int:
        """Whole days that the first of `ahead` came after `base`; 0 where that is not known for sure."""
        first = min(self.ahead, key=lambda tag: tag.before)
        return (first.after - self.base.before) // dt.timedelta(days=1) if first.after else 0


def leads(tags: Iterable[Standing], names: Mapping[str, str]) -> list[Lead]:
    """The pointers among `tags` that production is behind, the lowest version first; `names` is digest -> version."""
    return list(_leads(tags, names))


def nearest(tags: Iterable[Standing], names: Mapping[str, str]) -> Lead | None:
    """The first of them; what comes after it is not looked at."""
    return next(_leads(tags, names), None)


def _leads(tags: Iterable[Standing], names: Mapping[str, str]) -> Iterator[Lead]:
    pointers = {tag.name: tag for tag in tags if tag.role == Role.POINTER and tag.digest in names}
    base = next((pointers[name] for name in PRODUCTION if name in pointers), None)
    if base is None or base.leaving_before:
        return iter(())  # while it moves nobody can tell
    ahead: dict[str, list[Standing]] = {}
    for tag in sorted(pointers.values(), key=lambda tag: tag.name):
        if tag.digest != base.digest and not (is_floating(tag.name) or tag.leaving_before):
            ahead.setdefault(str(tag.digest), []).append(tag)
    found = [Lead(base, tuple(group), names[str(base.digest)], names[digest]) for digest, group in ahead.items()]
    in_order = sorted(found, key=lambda lead: sort_key(lead.high))
    return (lead for lead in in_order if versions_between(lead.low, lead.high, ()) > 0)
