"""What is where: the tags of one repository as rows of one image each, or as one row per pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tags.aliases import AliasGroup, group_by_digest
from tags.models.movement import short
from tags.pages.drift import Drift, drifts
from tags.pages.filtering import begins, did_you_mean, is_in
from tags.pages.freshness import swept_at
from tags.timeline import interval
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from tags.models.looks import Looks
    from tags.pages.standing import Standing

MOST_UNPOINTED = 100  # rows in the fold: whoever looks for another one filters


@dataclass(frozen=True, slots=True)
class Arrival:
    """Pointers that came to an image at the same time, as far as anyone can tell."""

    pointers: tuple[Standing, ...]
    leaving_to: str | None  # what it is called that they were on their way to

    @property
    def first(self) -> Standing:
        """The one whose times are told for all."""
        return self.pointers[0]


@dataclass(frozen=True, slots=True)
class Row:
    """One image and all names it has."""

    group: AliasGroup
    arrivals: tuple[Arrival, ...]
    missing: tuple[str, ...]  # names that are listed though their image is missing
    was: str  # what an image without a version was last called
    swept_at: dt.datetime | None  # when the sweep last looked at its versions, unless the last poll did

    def matches(self, text: str) -> bool:
        """Whether the filter's text is in one of its names, or its digest begins with it; then the whole row stays."""
        return is_in(text, (*self.group.versions, *self.group.pointers)) or begins(text, self.group.digest)


@dataclass(frozen=True, slots=True)
class PointerRow:
    """One pointer, what it points to, and who else does."""

    tag: Standing
    group: AliasGroup | None
    leaving_to: str | None
    was: str

    @property
    def aliases(self) -> list[str]:
        return [name for name in self.group.pointers if name != self.tag.name] if self.group else []

    def matches(self, text: str) -> bool:
        names = (*self.group.versions, *self.group.pointers) if self.group else ()
        return is_in(text, (self.tag.name, *names)) or begins(text, self.tag.digest)


@dataclass(frozen=True, slots=True)
class WhatIsWhere:
    """The picture of one repository, filtered: rows newest version first."""

    rows: list[Row]
    unpointed: list[Row]
    pointers: list[PointerRow]
    homeless: list[Standing]  # listed, but there is no image to put them under
    drifts: list[Drift]
    images: int  # before the filter
    all_pointers: int
    suggestion: str  # what was perhaps meant by a text that finds nothing

    @property
    def shown(self) -> int:
        return len(self.rows) + len(self.unpointed)

    @property
    def listed_unpointed(self) -> list[Row]:
        return self.unpointed[:MOST_UNPOINTED]

    @property
    def unlisted_unpointed(self) -> int:
        return max(len(self.unpointed) - MOST_UNPOINTED, 0)


def what_is_where(
    tags: Sequence[Standing],
    text: str,
    zone: dt.tzinfo,
    was: Mapping[str, str] | None = None,
    looks: Looks | None = None,
) -> WhatIsWhere:
    """The picture of one repository.

    `text` is what people filter by, `zone` tells which minutes are the same, `was` what digests without a version
    were last called, `looks` when tags were looked at; without it nothing is said of that.
    """
    was = was or {}
    by_name = {tag.name: tag for tag in tags}
    groups = group_by_digest((tag.name, tag.digest, Role(tag.role)) for tag in tags)
    of_digest = {group.digest: group for group in groups}
    newest_first = [group for group in reversed(groups) if group.versions]
    nameless = [group for group in groups if not group.versions]
    rows = [
        _row(
            group, by_name, of_digest, zone, was.get(group.digest, ""),
            _swept_at(looks, (by_name[name] for name in group.versions)) if looks else None,
        )
        for group in (*newest_first, *nameless)
    ]  # fmt: skip
    rows = [row for row in rows if row.matches(text)]
    pointers = _pointer_rows(tags, of_digest, was)
    return WhatIsWhere(
        rows=[row for row in rows if row.arrivals],
        unpointed=[row for row in rows if not row.arrivals],
        pointers=[row for row in pointers if row.matches(text)],
        homeless=[tag for tag in tags if tag.digest is None and is_in(text, (tag.name,))],
        drifts=drifts(tags, {group.digest: group.version for group in groups if group.version}),
        images=len(groups),
        all_pointers=len(pointers),
        suggestion="" if rows or not text else did_you_mean(text, [*(row.tag.name for row in pointers), *by_name]),
    )


Groups = Mapping[str, AliasGroup]


def _swept_at(looks: Looks, versions: Iterable[Standing]) -> dt.datetime | None:
    return min((at for tag in versions if (at := swept_at(looks, tag))), default=None)


def _row(
    group: AliasGroup,
    by_name: Mapping[str, Standing],
    of_digest: Groups,
    zone: dt.tzinfo,
    was: str,
    swept_at: dt.datetime | None,
) -> Row:
    arrivals: dict[tuple[object, ...], list[Standing]] = {}
    for name in group.pointers:
        tag = by_name[name]
        at = interval(tag.after, tag.before, zone)
        minutes = tuple(f"{moment:%Y%m%d%H%M}" if moment else None for moment in (at.after, at.before))
        arrivals.setdefault((minutes, tag.leaving_to), []).append(tag)
    together = [Arrival(tuple(tags), _name(tags[0].leaving_to, of_digest)) for tags in arrivals.values()]
    missing = tuple(name for name in (*group.versions, *group.pointers) if by_name[name].is_missing)
    newest_first = tuple(sorted(together, key=lambda arrival: arrival.first.before, reverse=True))
    return Row(group, newest_first, missing, was, swept_at)


def _pointer_rows(tags: Sequence[Standing], of_digest: Groups, was: Mapping[str, str]) -> list[PointerRow]:
    pointers = sorted((tag for tag in tags if tag.role == Role.POINTER), key=lambda tag: (tag.name.lower(), tag.name))
    return [
        PointerRow(
            tag, of_digest.get(tag.digest or ""), _name(tag.leaving_to, of_digest), was.get(tag.digest or "", "")
        )
        for tag in pointers
    ]


def _name(digest: str | None, of_digest: Groups) -> str | None:
    group = of_digest.get(digest or "")
    return group.version if group and group.version else digest and short(digest)
