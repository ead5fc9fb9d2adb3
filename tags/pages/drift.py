"""How far production is behind: "production is 1 version and 25 days behind qatesting"."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.models.tag import is_floating_version
from tags.versions import Role, versions_between

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tags.pages.standing import Standing

# What people call the place that the others are measured against; the first that a repository has.
PRODUCTION = ("production", "prod", "live")
MOST_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Drift:
    """`behind` is so many versions, and perhaps days, behind the pointers `ahead`, which share one digest."""

    behind: str
    ahead: tuple[str, ...]
    versions: int
    days: int

    @property
    def sentence(self) -> str:
        distance = ngettext("%d version", "%d versions", self.versions) % self.versions
        if self.days > 0:
            days = ngettext("%d day", "%d days", self.days) % self.days
            distance = _("%(versions)s and %(days)s") % {"versions": distance, "days": days}
        return _("%(behind)s is %(distance)s behind %(ahead)s") % {
            "behind": self.behind,
            "distance": distance,
            "ahead": in_words(self.ahead),
        }


def in_words(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(most)s and %(last)s") % {"most": ", ".join(names[:-1]), "last": names[-1]}


def drifts(tags: Sequence[Standing], names: Mapping[str, str]) -> list[Drift]:
    """How far production is behind the other pointers among `tags`, the least first; `names` is digest -> version."""
    pointers = {tag.name: tag for tag in tags if tag.role == Role.POINTER and tag.digest in names}
    base = next((pointers[name] for name in PRODUCTION if name in pointers), None)
    if base is None:
        return []
    versions = [tag.name for tag in tags if tag.role == Role.VERSION]
    ahead: dict[str, list[Standing]] = {}
    for tag in sorted(pointers.values(), key=lambda tag: tag.name):
        if tag.digest != base.digest and not is_floating_version(tag.name):
            ahead.setdefault(str(tag.digest), []).append(tag)
    found = [
        Drift(base.name, tuple(tag.name for tag in group), steps, _days(base, group))
        for digest, group in ahead.items()
        if (steps := versions_between(names[str(base.digest)], names[digest], versions)) > 0
    ]
    return sorted(found, key=lambda drift: (drift.versions, drift.ahead))[:MOST_SENTENCES]


def _days(base: Standing, ahead: Sequence[Standing]) -> int:
    """Whole days that the first of `ahead` came after `base`; 0 where that is not known for sure."""
    first = min(ahead, key=lambda tag: tag.before)
    return (first.after - base.before) // dt.timedelta(days=1) if first.after else 0
