"""The board: every repository a row, every deployment tag a column, the version in the cell."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tags.models.movement import short
from tags.models.tag import is_floating_version
from tags.pages.filtering import begins, did_you_mean, is_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tags.models import Repository
    from tags.pages.freshness import Freshness
    from tags.pages.standing import Names, Standing

MOST_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one pointer of one repository stands; `version` None: no version tag names that image."""

    tag: Standing
    version: str | None
    leaving_to: str | None
    url: str
    found: bool  # by what people filter for

    @property
    def short_digest(self) -> str:
        return short(self.tag.digest) if self.tag.digest else ""


@dataclass(frozen=True, slots=True)
class Row:
    """One repository; `cells` are in the order of the board's columns, None where it has no such pointer."""

    repository: Repository
    freshness: Freshness
    unknown: str  # why nothing is known of it at the moment asked for
    cells: tuple[Cell | None, ...]
    others: tuple[Cell, ...]  # pointers without a column

    @property
    def found_others(self) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.others if cell.found)


@dataclass(frozen=True, slots=True)
class Board:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    total: int  # rows before the filter
    suggestion: str  # what was perhaps meant by a text that finds nothing

    @property
    def has_others(self) -> bool:
        return any(row.others for row in self.rows)


def board(
    repositories: Sequence[Repository],
    pointers: Sequence[Standing],
    names: Names,
    freshness: Mapping[int, Freshness],
    unknown: Mapping[int, str],
    text: str = "",
) -> Board:
    """Lay out the rows that `text` finds: by image, by pointer, or by the version that a pointer is on."""
    of_repository: dict[int, list[Cell]] = {repository.pk: [] for repository in repositories}
    by_id = {repository.pk: repository for repository in repositories}
    for tag in pointers:
        if tag.repository_id not in unknown:
            of_repository[tag.repository_id].append(_cell(by_id[tag.repository_id], tag, names, text))
    shown = [
        repository
        for repository in repositories
        if is_in(text, (repository.reference,)) or any(cell.found for cell in of_repository[repository.pk])
    ]
    columns = _columns([cell for repository in shown for cell in of_repository[repository.pk]])
    rows = [
        _row(
            repository, freshness[repository.pk], unknown.get(repository.pk, ""), of_repository[repository.pk], columns
        )
        for repository in shown
    ]
    suggestion = "" if shown or not text else did_you_mean(text, _names(repositories, of_repository))
    return Board(columns, tuple(rows), len(repositories), suggestion)


def _names(repositories: Sequence[Repository], cells: Mapping[int, Sequence[Cell]]) -> Iterator[str]:
    """What one can look for on the board: pointers, images, versions."""
    yield from (cell.tag.name for of_one in cells.values() for cell in of_one)
    yield from (repository.short_name for repository in repositories)
    yield from (cell.version for of_one in cells.values() for cell in of_one if cell.version)


def _cell(repository: Repository, tag: Standing, names: Names, text: str) -> Cell:
    version = names.get((repository.pk, tag.digest)) if tag.digest else None
    leaving_to = tag.leaving_to and (names.get((repository.pk, tag.leaving_to)) or short(tag.leaving_to))
    found = bool(text) and (is_in(text, (tag.name, version or "")) or begins(text, tag.digest))
    return Cell(tag, version, leaving_to, f"/{repository.reference}:{tag.name}/", found)


def _columns(cells: Sequence[Cell]) -> tuple[str, ...]:
    """The pointers that people look for or that most repositories have, no floating versions; alphabetically."""
    counts = Counter(cell.tag.name for cell in cells if not is_floating_version(cell.tag.name))
    found = {cell.tag.name for cell in cells if cell.found}
    ranked = sorted(counts, key=lambda name: (name not in found, -counts[name], name))
    return tuple(sorted(ranked[:MOST_COLUMNS], key=lambda name: (name.lower(), name)))


def _row(
    repository: Repository, freshness: Freshness, unknown: str, cells: Sequence[Cell], columns: tuple[str, ...]
) -> Row:
    by_name = {cell.tag.name: cell for cell in cells}
    others = sorted((cell for cell in cells if cell.tag.name not in columns), key=lambda cell: cell.tag.name)
    return Row(repository, freshness, unknown, tuple(by_name.get(name) for name in columns), tuple(others))
