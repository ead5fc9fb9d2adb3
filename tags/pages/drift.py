"""How far production is behind: "production is 1 version and 25 days behind qatesting"."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.models import Tag
from tags.versions import Role, is_floating, sort_key, versions_between, within

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tags.pages.standing import Standing

# What people call the place that the others are measured against; the first that a repository has.
PRODUCTION = ("production", "prod", "live")
MOST_SENTENCES = 3
# Versions of one repository among which those in between are counted; where it has more, only the days are told, on
# every page and whatever else is on it.
MOST_VERSIONS = 2_000


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


def versioned_images(repositories: Collection[int], moment: dt.datetime | None) -> dict[int, list[list[str]]]:
    """The version tags of each image in these repositories, now or then; one query.

    Without the repositories that have too many of them, and without the tags whose image is missing or not known.
    """
    versions = Tag.objects.filter(repository__in=repositories, role=Role.VERSION).order_by()
    counted = versions if moment else versions.present()
    few = counted.values("repository").annotate(count=Count("pk")).filter(count__lte=MOST_VERSIONS).values("repository")
    readable = versions.filter(repository__in=few)
    there = (
        readable.at(moment).filter(missing_then=False).values_list("repository_id", "digest_then", "name")
        if moment
        else readable.filter(state=Tag.State.PRESENT).values_list("repository_id", "digest", "name")
    )
    found: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for repository, digest, name in there:
        if digest:  # else it was only coming
            found[repository][digest].append(name)
    return {repository: list(images.values()) for repository, images in found.items()}
