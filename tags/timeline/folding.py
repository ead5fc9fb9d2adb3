"""Moves as a list of days, in which those that one poll found stand together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from tags.timeline.moves import Move

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable, Iterable


class FoundMove(Move, Protocol):
    """A move and the poll that found it."""

    @property
    def found_at(self) -> dt.datetime: ...
    @property
    def repository_id(self) -> Hashable: ...


M = TypeVar("M", bound=FoundMove)


@dataclass(frozen=True, slots=True)
class Together(Generic[M]):
    """The moves of one day that one poll found in one repository, newest first: a sentence of their own."""

    repository_id: Hashable
    found_at: dt.datetime
    moves: tuple[M, ...]


@dataclass(frozen=True, slots=True)
class Day(Generic[M]):
    date: dt.date
    groups: tuple[Together[M], ...]


def fold(moves: Iterable[M], tz: dt.tzinfo) -> list[Day[M]]:
    """Moves in groups found together, by their days in `tz`; all newest first."""
    days: defaultdict[dt.date, defaultdict[tuple[Hashable, dt.datetime], list[M]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for move in sorted(moves, key=lambda move: move.before, reverse=True):
        days[move.before.astimezone(tz).date()][move.repository_id, move.found_at].append(move)
    return [
        Day(date, tuple(Together(*poll, tuple(found)) for poll, found in polls.items())) for date, polls in days.items()
    ]
