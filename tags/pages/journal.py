"""The movements and gaps of a time as a list of days, newest first: the timeline for those who read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from tags.pages import clock, lanes
from tags.pages.drift import in_words
from tags.timeline import fold

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from tags.models import Movement, Repository
    from tags.timeline import Gap

MOST_NAMED = 4  # tags in the sentence of a fold


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the moves that one poll found, or a time in which nobody could look."""

    moment: dt.datetime
    moves: tuple[Movement, ...] = ()
    gap: str = ""
    repositories: tuple[Repository, ...] = ()  # that the gap is of

    @property
    def together(self) -> str:
        """What is said of several moves at once; empty for one alone."""
        if len(self.moves) < 2:
            return ""
        names = list(dict.fromkeys(move.tag.name for move in self.moves))
        if len(names) > MOST_NAMED:
            names = [*names[: MOST_NAMED - 1], _("%d more") % (len(names) - MOST_NAMED + 1)]
        return _("%s moved together") % in_words(names)


@dataclass(frozen=True, slots=True)
class Day:
    heading: str
    entries: tuple[Entry, ...]


def journal(moves: Iterable[Movement], gaps: Sequence[tuple[Repository, Gap]], now: dt.datetime) -> list[Day]:
    """Put moves, and the gaps of the repositories they are of, on their days in the current time zone."""
    zone = timezone.get_current_timezone()
    days: defaultdict[dt.date, list[Entry]] = defaultdict(list)
    for day in fold(moves, zone):
        days[day.date] += [_of_moves(group.moves) for group in day.groups]
    for entry in of_gaps(gaps, now):
        days[entry.moment.astimezone(zone).date()].append(entry)
    return [
        Day(clock.heading(date, now), tuple(sorted(entries, key=lambda entry: entry.moment, reverse=True)))
        for date, entries in sorted(days.items(), reverse=True)
    ]


def _of_moves(moves: tuple[Movement, ...]) -> Entry:
    return Entry(moves[0].before, moves=tuple(sorted(moves, key=lambda move: move.tag.name)))


def of_gaps(gaps: Sequence[tuple[Repository, Gap]], now: dt.datetime) -> list[Entry]:
    """Repositories of one registry that were not watched for the same reason at the same time make one line."""
    same: defaultdict[tuple[int, str], list[tuple[Repository, Gap]]] = defaultdict(list)
    for repository, gap in gaps:
        same[repository.registry_id, lanes.gap_words(gap, now)].append((repository, gap))
    return [
        Entry(found[0][1].end, gap=words, repositories=tuple(repository for repository, _gap in found))
        for (_registry, words), found in same.items()
    ]
