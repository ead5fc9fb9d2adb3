"""One page of the journal: the moves and gaps that stand on it, in a fixed number of queries however many there are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from tags.models import Movement
from tags.pages.gaps import is_forgotten
from tags.pages.journal import Edges, journal
from tags.pages.knowledge import silences
from tags.pages.lanes import Window
from tags.pages.sources import gaps_of, long_gaps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tags.models import Repository
    from tags.models.movement import MovementQuerySet
    from tags.pages.journal import Day, Poll
    from tags.pages.knowledge import Silence
    from tags.timeline import Gap

MOVES = 50
LONGEST_POLL = dt.timedelta(hours=2)
Place = tuple[dt.datetime, int]  # in the journal: the time and id of a movement
BEFORE_ANYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class JournalPage:
    """`older` is where the next page begins.

    `current` are the moves that nothing was seen to follow, by id, with the reason why it is not known whether one did.
    """

    days: Sequence[Day]
    older: Place | None
    current: Mapping[int, Silence | None]


def journal_page(
    moves: MovementQuerySet,
    window: Window,
    since: Place | None,
    repository: Repository | None,
    *,
    is_bounded: bool,
    with_gaps: bool,
) -> JournalPage:
    """The moves older than `since`, with the gaps of the repository or, None, the long ones of all of them.

    Without gaps, too, it says what is not kept any longer: else it would seem that before nothing else moved.
    `is_bounded`: the journal keeps to the window, as the moves that are given do.
    """
    following = moves.older_than(*since) if since else moves
    sentences = following.newest_first().for_comparisons().select_related("tag")
    # Many share a repository, which joined would be read with each.
    page = list(sentences.prefetch_related("tag__repository__registry", "tag__repository__sweep")[: MOVES + 1])
    has_more = len(page) > MOVES
    page = page[:MOVES]
    older = (page[-1].before, page[-1].pk) if has_more else None
    gaps = _gaps(window, since, older, repository, is_bounded=is_bounded)
    if not with_gaps:
        gaps = [(of, gap) for of, gap in gaps if is_forgotten(gap)]
    days = journal(page, gaps, window.now, _edges(moves, page, since, has_more=has_more))
    return JournalPage(days, older, _current(page, window))


def just_above(move: Movement, moves: MovementQuerySet) -> Place:
    """Where a page begins with those that were found with a move, or with the move where there are too many of them."""
    found = moves.filter(repository=move.repository_id, found_at=move.found_at, before__gte=move.before)
    first = found.newest_first().first() or move
    top = first.before, first.pk + 1
    page = moves.older_than(*top).newest_first().values_list("pk", flat=True)[:MOVES]
    return top if move.pk in page else (move.before, move.pk + 1)


def _gaps(
    window: Window, since: Place | None, older: Place | None, repository: Repository | None, *, is_bounded: bool
) -> list[tuple[Repository, Gap]]:
    """The gaps beside the moves of this page, and no others: the next page tells those before."""
    newest = min(since[0], window.end) if since else window.end
    earliest = window.start if is_bounded else BEFORE_ANYTHING
    # What goes on after the whole window is told until its end.
    beside = Window(older[0] if older else min(earliest, newest), newest, window.now, window.end)
    gaps = gaps_of(repository, beside) if repository else long_gaps(beside)
    return [
        (of, gap)
        for of, gap in gaps
        # Those that end later were told before; so will the time before the first look be, on the page where it ends.
        if (not since or gap.end <= newest) and (gap.reason is not None or gap.end < newest)
    ]


def _current(page: Sequence[Movement], window: Window) -> dict[int, Silence | None]:
    """Which of these moves nothing was seen to follow up to the moment that the page is about."""
    last = _last(page, window.moment) if window.moment else {move.pk for move in page if move.is_current}
    tags = {move.pk: move.tag for move in page if move.pk in last}
    unknown = silences({tag.pk: tag for tag in tags.values()}.values(), window.moment, window.now)
    return {pk: unknown.get(tag.pk) for pk, tag in tags.items()}


def _last(page: Sequence[Movement], moment: dt.datetime) -> set[int]:
    followed = Movement.objects.filter(tag=OuterRef("tag"), before__gt=OuterRef("before"), before__lte=moment)
    last = Movement.objects.filter(pk__in=[move.pk for move in page], to_digest__isnull=False)
    return set(last.exclude(Exists(followed)).values_list("pk", flat=True))


def _edges(moves: MovementQuerySet, page: Sequence[Movement], since: Place | None, *, has_more: bool) -> Edges:
    """Which polls' moves the page's edges cut. A poll finds what happened before its end, and seldom much earlier."""
    found_at = sorted({move.found_at for move in page})
    begun_before: frozenset[Poll] = frozenset()
    going_on: frozenset[Poll] = frozenset()
    polls = ("repository_id", "found_at")
    if page and since:
        before, pk = since
        newer = moves.filter(before__gte=before, before__lte=found_at[-1], found_at__in=found_at)
        begun_before = frozenset(newer.exclude(before=before, pk__lt=pk).values_list(*polls))
    if page and has_more:
        last = page[-1]
        near = [at for at in found_at if at >= last.before]
        # This time first: of two that bound it SQLite looks up the first one, and the other may be years ago.
        lately = Movement.objects.filter(before__gte=last.before - LONGEST_POLL, before__lte=last.before)
        older = (lately & moves).older_than(last.before, last.pk).filter(found_at__in=near)
        going_on = frozenset(older.values_list(*polls))
    return Edges(begun_before, going_on)
