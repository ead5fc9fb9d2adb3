"""The rows of one page of the board: what is read and told of the repositories that stand on it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tags.models import Repository, Tag
from tags.models.movement import short
from tags.pages.drift import Drift, nearest
from tags.pages.freshness import freshness
from tags.pages.standing import former_names, names_of, standings
from tags.pages.versionsathand import versions_at_hand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tags.models.tag import TagQuerySet
    from tags.pages.board import Board, Key, Listed
    from tags.pages.freshness import Freshness
    from tags.pages.standing import Names, Standing
    from tags.pages.versionsathand import AtHand


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one pointer of one repository stands; `tag` None: it is not there, and was at the moment compared with."""

    name: str
    tag: Standing | None
    version: str | None  # None: no version tag names that image
    was_called: str  # what an image without a version was last called
    leaving_to: str | None
    found: bool  # by what people filter for
    changed: bool
    is_unsure: bool  # whether it changed, for it was moving at one of both moments
    before: Standing | None  # at the moment compared with
    version_before: str | None

    @property
    def is_marked(self) -> bool:
        return self.found or self.changed or self.is_unsure

    @property
    def short_digest(self) -> str:
        return short(self.tag.digest) if self.tag and self.tag.digest else ""

    @property
    def change(self) -> str:
        """What was there at the moment compared with, in words; empty where that is the same."""
        if self.is_unsure:
            return _("not known whether it changed: it was moving")
        if not self.changed:
            return ""
        if self.before is None:
            return _("was not there")
        if self.before.is_coming:
            return _("was coming")
        if self.before.digest is None:
            return _("had no image")
        return _("was %s") % (self.version_before or short(self.before.digest))


@dataclass(frozen=True, slots=True)
class Row:
    """One repository; `cells` are in the order of the board's columns, None where it has no such pointer."""

    repository: Repository
    freshness: Freshness
    unknown: str  # why nothing is known of it at the moment asked for
    unknown_before: str  # why nothing is known of it at the moment compared with
    cells: tuple[Cell | None, ...]
    others: tuple[Cell, ...]  # pointers without a column
    drift: Drift | None  # to the nearest pointer that production is behind

    @property
    def all_cells(self) -> list[Cell]:
        return sorted((*filter(None, self.cells), *self.others), key=lambda cell: cell.name)

    @property
    def address(self) -> str:
        """The page of this image, for what follows its name."""
        return f"/{self.repository.reference}"

    @property
    def marked_others(self) -> list[Cell]:
        return [cell for cell in self.others if cell.is_marked]

    @property
    def unmarked_others(self) -> int:
        return len(self.others) - len(self.marked_others)

    @property
    def is_bare(self) -> bool:
        """Whether it has no pointer at all."""
        return not self.others and not any(self.cells)


def rows(shown: Board, listed: Sequence[Listed]) -> list[Row]:
    """What is in the rows of these repositories; as many queries for a hundred as for one."""
    asked = shown.asked
    # Many share a registry, so that joining it would read it many times.
    found = Repository.objects.prefetch_related("registry").in_bulk([repository.pk for repository in listed])
    repositories = [found[repository.pk] for repository in listed if repository.pk in found]
    known = [repository.pk for repository in repositories if repository.pk not in shown.unknown]
    pointers = Tag.objects.pointers().filter(repository__in=known).order_by()
    there = standings(pointers, asked.moment)
    at_hand = versions_at_hand(known, asked.moment)
    names = names_of(there, asked.moment, at_hand)
    called = former_names(there, names, asked.moment)
    before, names_before = _before(shown, pointers)
    of_repository: defaultdict[int, dict[str, Cell]] = defaultdict(dict)
    tags = {(tag.repository_id, tag.name): tag for tag in there}
    for key in {**tags, **before}:
        of_repository[key[0]][key[1]] = _cell(shown, key, tags, names, called, before, names_before)
    drifts = _drifts(there, names, at_hand)
    return [
        _row(shown, repository, of_repository[repository.pk], drifts.get(repository.pk)) for repository in repositories
    ]


def _before(shown: Board, pointers: TagQuerySet) -> tuple[dict[Key, Standing], Names]:
    """Where what changed, or may have, stood at the moment compared with, and its names; two queries, or none."""
    than = shown.asked.than
    if than is None:
        return {}, {}
    marked = {*shown.changed, *shown.unsure}
    those = pointers.filter(name__in={name for _repository, name in marked})
    stood = [tag for tag in standings(those, than) if (tag.repository_id, tag.name) in marked]
    names = names_of(stood, than)
    return {(tag.repository_id, tag.name): tag for tag in stood}, former_names(stood, names, than) | names


def _cell(
    shown: Board,
    key: Key,
    tags: Mapping[Key, Standing],
    names: Names,
    called: Names,
    before: Mapping[Key, Standing],
    names_before: Names,
) -> Cell:
    repository, name = key
    tag, stood = tags.get(key), before.get(key)
    digest = (tag and tag.digest) or ""
    leaving_to = tag and tag.leaving_to
    return Cell(
        name=name,
        tag=tag,
        version=names.get((repository, digest)),
        was_called=called.get((repository, digest), ""),
        leaving_to=leaving_to and (names.get((repository, leaving_to)) or short(leaving_to)),
        found=key in shown.found,
        changed=key in shown.changed,
        is_unsure=key in shown.unsure,
        before=stood,
        version_before=names_before.get((repository, stood.digest)) if stood and stood.digest else None,
    )


def _drifts(pointers: Iterable[Standing], names: Names, at_hand: AtHand) -> dict[int, Drift]:
    """How far production is behind the nearest pointer in each repository where it is behind."""
    of_repository: defaultdict[int, list[Standing]] = defaultdict(list)
    for tag in pointers:
        of_repository[tag.repository_id].append(tag)
    versions_of: defaultdict[int, dict[str, str]] = defaultdict(dict)
    for (repository, digest), version in names.items():
        versions_of[repository][digest] = version
    leads = {pk: lead for pk, tags in of_repository.items() if (lead := nearest(tags, versions_of[pk]))}
    images = at_hand.images
    return {pk: lead.drift(images.get(pk)) for pk, lead in leads.items()}


def _row(shown: Board, repository: Repository, cells: Mapping[str, Cell], drift: Drift | None) -> Row:
    unknown = shown.unknown.get(repository.pk, "")
    if not cells and not repository.was_listed:
        unknown = unknown or _never_seen(repository)
    others = sorted((cell for name, cell in cells.items() if name not in shown.columns), key=lambda cell: cell.name)
    return Row(
        repository=repository,
        freshness=freshness(repository, shown.asked.now),
        unknown=unknown,
        unknown_before=shown.unknown_before.get(repository.pk, ""),
        cells=tuple(cells.get(name) for name in shown.columns),
        others=tuple(others),
        drift=drift,
    )


def _never_seen(repository: Repository) -> str:
    if repository.outcome == Repository.Outcome.NEVER:
        return _("nobody has looked yet")
    return _("no look has succeeded yet")
