"""The movements and gaps of a time as a list of days, newest first: the timeline for those who read."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tags.moments import stamp
from tags.pages import clock
from tags.pages.drift import in_words
from tags.pages.gaps import gap_words
from tags.timeline import Kind, fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django_stubs_ext import StrOrPromise, WithAnnotations

    from tags.models import Movement, Repository
    from tags.models.movement import MovementQuerySet, Seen
    from tags.timeline import Gap

MOST_NAMED = 4  # tags in the sentence of a fold
# What is said of moves all of which are of these kinds.
TOGETHER: tuple[tuple[set[str], StrOrPromise], ...] = (
    ({Kind.APPEARED}, gettext_lazy("%s appeared together")),
    ({Kind.REMOVED}, gettext_lazy("%s were removed together")),
    ({Kind.RETURNED}, gettext_lazy("%s came back together")),
    ({Kind.FORWARD, Kind.ROLLBACK, Kind.CHANGED}, gettext_lazy("%s moved together")),
)
ATOM = dt.timedelta(seconds=1)  # before a moment that is known, things were still as they had been
Poll = tuple[int, dt.datetime]  # what a fold is by: repository and time of the poll that found its moves


@dataclass(frozen=True, slots=True)
class Edges:
    """The polls whose moves a page of the list does not hold all of: the first ones, or the last."""

    begun_before: frozenset[Poll] = frozenset()
    going_on: frozenset[Poll] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: the moves that one poll found, or a time in which nobody could look."""

    moment: dt.datetime
    moves: tuple[Movement, ...] = ()
    gap: str = ""
    repositories: tuple[Repository, ...] = ()  # that the gap is of
    is_begun_before: bool = False  # on a newer page of the list
    goes_on: bool = False  # on the next page

    @property
    def together(self) -> str:
        """What is said of several moves at once; empty for one alone."""
        if len(self.moves) < 2:
            return ""
        names = list(dict.fromkeys(move.tag.name for move in self.moves))
        if len(names) > MOST_NAMED:
            names = [*names[: MOST_NAMED - 1], _("%d more") % (len(names) - MOST_NAMED + 1)]
        kinds = {move.kind for move in self.moves}
        words = next((words for some, words in TOGETHER if kinds <= some), gettext_lazy("%s changed together"))
        return str(words) % in_words(names)


@dataclass(frozen=True, slots=True)
class Day:
    heading: str
    entries: tuple[Entry, ...]


def journal(
    moves: Iterable[Movement],
    gaps: Sequence[tuple[Repository, Gap]],
    now: dt.datetime,
    edges: Edges = Edges(),
) -> list[Day]:
    """Put moves, and the gaps of the repositories they are of, on their days in the current time zone."""
    zone = timezone.get_current_timezone()
    days: defaultdict[dt.date, list[Entry]] = defaultdict(list)
    for day in fold(moves, zone):
        days[day.date] += [_of_moves(group.moves, edges) for group in day.groups]
    for entry in of_gaps(gaps, now):
        days[entry.moment.astimezone(zone).date()].append(entry)
    return [
        Day(clock.heading(date, now), tuple(sorted(entries, key=lambda entry: entry.moment, reverse=True)))
        for date, entries in sorted(days.items(), reverse=True)
    ]


def _of_moves(moves: tuple[Movement, ...], edges: Edges) -> Entry:
    poll = (moves[0].repository_id, moves[0].found_at)
    return Entry(
        moves[0].before,
        moves=tuple(sorted(moves, key=lambda move: move.tag.name)),
        is_begun_before=poll in edges.begun_before,
        goes_on=poll in edges.going_on,
    )


def may_be_several(move: Movement) -> bool:
    """Whether so much time lies between the two looks that the tag may well have moved on the way, too."""
    if move.after is None or move.source != move.Source.POLL:
        return False
    return move.across_gap or (move.before - move.after).total_seconds() > 2 * move.tag.repository.every


def sides(move: WithAnnotations[Movement, Seen]) -> tuple[str, str] | None:
    """What the tag pointed to before the move, and after, as the address of a comparison says it; None: one is none,
    or not kept any longer.

    The move must be one `for_comparisons`.
    """
    if not (move.from_digest and move.to_digest and move.after) or move.is_forgotten:
        return None
    # The last look is sure, if it is known; right before the next one is known, though the move was under way.
    is_sure = move.was_watched or move.across_gap
    earlier = min(move.after, move.before - ATOM) if is_sure else move.before - ATOM
    # Watching goes on after a gap when the look has ended that found the move.
    later = max(move.before, move.found_at) if move.across_gap else move.before
    return f"{move.tag}@{stamp(earlier)}", f"{move.tag}@{stamp(later)}"


def comparison(move: WithAnnotations[Movement, Seen]) -> str:
    """The address that compares what the tag pointed to before the move with what it did after; empty: one is none."""
    both = sides(move)
    return f"/compare/?{urlencode({'a': both[0], 'b': both[1]})}" if both else ""


def last_with_sides(moves: MovementQuerySet) -> WithAnnotations[Movement, Seen] | None:
    """The last of these moves that went from one image to another; one query."""
    both_ends = moves.filter(from_digest__isnull=False, to_digest__isnull=False)
    return both_ends.newest_first().for_sentences().for_comparisons().first()


def permalink(move: Movement) -> str:
    """Where this movement is to be found for good, however many come after it."""
    return f"{move.tag.repository.movements_url}?move={move.pk}#move-{move.pk}"


def of_gaps(gaps: Sequence[tuple[Repository, Gap]], now: dt.datetime) -> list[Entry]:
    """Repositories of one registry that were not watched for the same reason at the same time make one line."""
    same: defaultdict[tuple[int, str], list[tuple[Repository, Gap]]] = defaultdict(list)
    for repository, gap in gaps:
        same[repository.registry_id, gap_words(gap, now)].append((repository, gap))
    return [
        Entry(found[0][1].end, gap=words, repositories=tuple(repository for repository, _gap in found))
        for (_registry, words), found in same.items()
    ]
