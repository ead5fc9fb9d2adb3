"""What is where: the tags of one repository as rows of one image each, of one pointer each, or of one tag each.

A repository may have ten thousand tags, of which a page shows a few. So there are two steps: `Inventory` sorts and
filters by name and digest alone, and only of what is shown more is asked, as `Details`, and made into rows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import nlargest
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from tags.aliases import AliasGroup, alphabetical, group_of, height
from tags.models import Tag
from tags.models.movement import short
from tags.pages.drift import MOST_SENTENCES, PRODUCTION, Drift, leads
from tags.pages.filtering import begins, did_you_mean, is_in
from tags.pages.freshness import swept_at
from tags.pages.versionsathand import MOST_VERSIONS
from tags.timeline import interval
from tags.versions import Role, is_floating, sort_key, within

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from tags.models import Image
    from tags.models.looks import Looks
    from tags.pages.standing import Naming, Standing
    from tags.versions import SortKey

ROWS = 100  # on one page
MOST_UNPOINTED = 100  # rows in the fold: whoever looks for another one filters, or asks for all tags
MOST_NAMES = 20  # names of one image that are shown in its row
MOST_AHEAD = 6  # images that production is held against: the next ones above it


class By(StrEnum):
    """What a row of the page is."""

    VERSION = "version"
    POINTER = "pointer"
    TAG = "tag"


class Inventory:
    """Every tag of one repository by its name and digest, and what a filter leaves of them.

    `text` is what people filter by, `labelled` the digests that a label makes match it (with that label, in words).
    A match keeps its image with all names that it has.
    """

    def __init__(self, namings: Iterable[Naming], text: str = "", labelled: Mapping[str, str] | None = None) -> None:
        self.digests: dict[str, str | None] = {}  # by name
        self.versions: defaultdict[str, list[str]] = defaultdict(list)
        self.pointers: defaultdict[str, list[str]] = defaultdict(list)
        self.missing: set[str] = set()  # names that are listed though their image is missing
        self.text = text
        self.labelled = labelled or {}
        self._are_pointers: set[str] = set()
        digests, versions, pointer, missing = self.digests, self.versions, Role.POINTER.value, Tag.State.MISSING.value
        for name, role, state, digest in namings:  # so many that each look-up counts
            digests[name] = digest
            if role == pointer:
                self._are_pointers.add(name)
            if state == missing:
                self.missing.add(name)
            if digest is not None:
                (self.pointers if role == pointer else versions)[digest].append(name)
        self.images = len(self.versions.keys() | self.pointers.keys())
        self.kept = self._kept()

    def _kept(self) -> Set[str]:
        """The digests that match."""
        every = self.versions.keys() | self.pointers.keys()
        if not self.text:
            return every
        typed = self.text.casefold()
        named = {digest for name, digest in self.digests.items() if digest and typed in name.casefold()}
        return named | {digest for digest in every if digest in self.labelled or begins(self.text, digest)}

    def pointed(self) -> list[str]:
        """The digests with a pointer, newest version first, then those without a version."""
        found = [digest for digest in self.pointers if digest in self.kept]
        return [
            *sorted((digest for digest in found if digest in self.versions), key=self._height, reverse=True),
            *sorted((digest for digest in found if digest not in self.versions), key=self._first_pointer),
        ]

    def unpointed(self) -> list[str]:
        """The digests that have versions only, in no order."""
        return [digest for digest in self.versions if digest in self.kept and digest not in self.pointers]

    def newest(self, digests: Iterable[str]) -> list[str]:
        """The first of what has versions."""
        versions = ((self.versions[digest], digest) for digest in digests)
        # A sort key holds its name, which only one digest has: two are never equal.
        heights = ((sort_key(names[0]) if len(names) == 1 else height(names), digest) for names, digest in versions)
        return [digest for _height, digest in nlargest(MOST_UNPOINTED, heights)]

    def pointer_names(self) -> list[str]:
        return sorted(self._are_pointers, key=alphabetical)

    def tag_names(self) -> list[str]:
        """All names: versions from the lowest, then pointers."""
        return [*sorted(self._version_names(), key=sort_key), *self.pointer_names()]

    def matching(self, names: Iterable[str]) -> list[str]:
        """Those of `names` that the filter leaves."""
        return [name for name in names if self._matches(name)] if self.text else list(names)

    def homeless(self) -> list[str]:
        """What is listed, while there is no image to put it under."""
        return [name for name, digest in self.digests.items() if digest is None and is_in(self.text, (name,))]

    def suggestion(self) -> str:
        """What was perhaps meant by a text that finds nothing."""
        return did_you_mean(self.text, [*self.pointer_names(), *self.digests])

    def group(self, digest: str) -> AliasGroup:
        return group_of(digest, self.versions.get(digest, ()), self.pointers.get(digest, ()))

    def called(self, digest: str | None) -> str | None:
        """The version of a digest, or its first characters."""
        return digest and (self.group(digest).version or short(digest))

    def beside_production(self) -> list[str]:
        """The pointers among which a drift may be: production, and those of the next images above it."""
        base = next((name for name in PRODUCTION if self._is_versioned_pointer(name)), None)
        if base is None:
            return []
        ground = self._height(str(self.digests[base]))
        heights = {digest: self._height(digest) for digest in self.pointers if digest in self.versions}
        above = sorted((digest for digest in heights if heights[digest] > ground), key=heights.__getitem__)
        moved_by_people = ([name for name in self.pointers[digest] if not is_floating(name)] for digest in above)
        return [base, *chain.from_iterable(islice(filter(None, moved_by_people), MOST_AHEAD))]

    def drifts(self, tags: Mapping[str, Standing]) -> list[Drift]:
        """How far production is behind; `tags` holds what `beside_production` names."""
        pointers = [tags[name] for name in self.beside_production() if name in tags]
        called = {tag.digest: version for tag in pointers if tag.digest and (version := self.group(tag.digest).version)}
        found = list(islice(leads(pointers, called), MOST_SENTENCES))
        if len(self._version_names()) > MOST_VERSIONS:
            return [lead.drift(None) for lead in found]
        images = [[name for name in names if name not in self.missing] for names in self.versions.values()]
        between = within(images, (version for lead in found for version in (lead.low, lead.high)))
        return [lead.drift(between) for lead in found]

    def _is_versioned_pointer(self, name: str) -> bool:
        return name in self._are_pointers and self.digests[name] in self.versions

    def _version_names(self) -> Set[str]:
        return self.digests.keys() - self._are_pointers

    def _matches(self, name: str) -> bool:
        digest = self.digests[name]
        return is_in(self.text, (name,)) if digest is None else digest in self.kept

    def _height(self, digest: str) -> SortKey:
        return height(self.versions[digest])

    def _first_pointer(self, digest: str) -> tuple[str, str]:
        return min(map(alphabetical, self.pointers[digest]))


@dataclass(frozen=True, slots=True)
class Details:
    """What is known of the names and digests that are shown, and of no others.

    `was` is what digests without a version were last called, `looks` when tags were looked at; without it nothing is
    said of that. `versions` are those of a digest of which more is told: they are left to the sweep, or a move was
    under way of them. `zone` tells which minutes are the same.
    """

    tags: Mapping[str, Standing]
    zone: dt.tzinfo
    was: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, Image] = field(default_factory=dict)
    looks: Looks | None = None
    versions: Mapping[str, Sequence[Standing]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Pointers that came to an image at the same time, as far as anyone can tell, and leave it together."""

    pointers: tuple[Standing, ...]
    leaving_to: str | None  # what it is called that they were on their way to

    @property
    def first(self) -> Standing:
        """The one whose times are told for all."""
        return self.pointers[0]


class Departure(NamedTuple):
    """A version that was leaving its image by a move under way; `to` is what it is called that it was on its way to."""

    name: str
    to: str | None
    after: dt.datetime | None
    before: dt.datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One image and the names it has, at most `MOST_NAMES` of each sort."""

    group: AliasGroup
    arrivals: tuple[Arrival, ...]
    departures: tuple[Departure, ...]
    missing: tuple[str, ...]  # names that are listed though their image is missing
    disputed: tuple[str, ...]  # names about which the registry's servers disagree
    was: str  # what an image without a version was last called
    swept_at: dt.datetime | None  # when the sweep last looked at its versions, unless the last poll did
    label: str  # the one that made it match
    image: Image | None

    @property
    def digest(self) -> str:
        return self.group.digest

    @property
    def also_known_as(self) -> tuple[str, ...]:
        return self.group.also_known_as[:MOST_NAMES]

    @property
    def other_names(self) -> int:
        """How many version tags are not shown."""
        return max(len(self.group.also_known_as) - MOST_NAMES, 0)

    @property
    def other_pointers(self) -> int:
        return max(len(self.group.pointers) - MOST_NAMES, 0)


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag, what it points to, and what else does."""

    tag: Standing
    group: AliasGroup | None
    aliases: tuple[str, ...]  # versions, then pointers; by pointer, only those
    leaving_to: str | None
    was: str
    swept_at: dt.datetime | None
    label: str
    image: Image | None

    @property
    def digest(self) -> str | None:
        return self.tag.digest

    @property
    def is_pointer(self) -> bool:
        return self.tag.role == Role.POINTER

    @property
    def shown_aliases(self) -> tuple[str, ...]:
        return self.aliases[:MOST_NAMES]

    @property
    def other_aliases(self) -> int:
        return max(len(self.aliases) - MOST_NAMES, 0)


def pointers_of(inventory: Inventory, digests: Iterable[str]) -> list[str]:
    """The pointers in the rows of these digests, whose details are told."""
    pointers = (sorted(inventory.pointers.get(digest, ()), key=alphabetical) for digest in digests)
    return [name for found in pointers for name in found[:MOST_NAMES]]


def image_rows(inventory: Inventory, digests: Iterable[str], details: Details) -> list[Row]:
    return [_image_row(inventory, digest, details) for digest in digests]


def _image_row(inventory: Inventory, digest: str, details: Details) -> Row:
    group = inventory.group(digest)
    arrivals: dict[tuple[object, ...], list[Standing]] = {}
    for tag in (details.tags[name] for name in group.pointers[:MOST_NAMES] if name in details.tags):
        at = interval(tag.after, tag.before, details.zone)
        minutes = tuple(f"{moment:%Y%m%d%H%M}" if moment else None for moment in (at.after, at.before))
        arrivals.setdefault((minutes, tag.leaving_before, tag.leaving_to), []).append(tag)
    together = [Arrival(tuple(tags), inventory.called(tags[0].leaving_to)) for tags in arrivals.values()]
    every, versions = (*group.versions, *group.pointers), details.versions.get(digest, ())
    return Row(
        group,
        tuple(sorted(together, key=lambda arrival: arrival.first.before, reverse=True)),
        tuple(_departures(inventory, versions)),
        tuple(name for name in every if name in inventory.missing),
        tuple(tag.name for tag in (*chain(*arrivals.values()), *versions) if tag.disputed_since),
        details.was.get(digest, ""),
        _swept_at(details.looks, versions),
        inventory.labelled.get(digest, ""),
        details.images.get(digest),
    )


def _departures(inventory: Inventory, tags: Iterable[Standing]) -> Iterator[Departure]:
    for tag in tags:
        if tag.leaving_before:
            yield Departure(tag.name, inventory.called(tag.leaving_to), tag.leaving_after, tag.leaving_before)


def tag_rows(inventory: Inventory, shown: Iterable[str], details: Details, *, beside: By) -> list[TagRow]:
    """A row for each of the names; by pointer its version stands apart, so only the other pointers stand beside it."""
    groups: dict[str, AliasGroup] = {}
    rows = []
    for tag in (details.tags[name] for name in shown if name in details.tags):
        digest = tag.digest or ""
        if digest and digest not in groups:
            groups[digest] = inventory.group(digest)
        group = groups.get(digest)
        every = (*(() if beside is By.POINTER else group.versions), *group.pointers) if group else ()
        rows.append(
            TagRow(
                tag,
                group,
                tuple(name for name in every if name != tag.name),
                inventory.called(tag.leaving_to),
                details.was.get(digest, ""),
                _swept_at(details.looks, [tag] if tag.role == Role.VERSION else ()),
                inventory.labelled.get(digest, ""),
                details.images.get(digest),
            )
        )
    return rows


def _swept_at(looks: Looks | None, versions: Iterable[Standing]) -> dt.datetime | None:
    return min((at for tag in versions if (at := swept_at(looks, tag))), default=None) if looks else None
