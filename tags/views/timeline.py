"""The lanes and the list of days that the pages of movements and of a tag share."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db.models import Min
from django.utils import timezone

from tags.models import Movement
from tags.pages.journal import journal
from tags.pages.lanes import Window, axis, draw
from tags.pages.sources import gaps_of, long_gaps, sources
from tags.views.asking import cursor, cursor_of
from tags.views.window import SPANS, Asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from tags.models import Repository, Tag
    from tags.models.movement import MovementQuerySet

MOVES = 50
BEFORE_ANYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def beginning(first_seen: dt.datetime | None, moves: MovementQuerySet) -> dt.datetime | None:
    """When the past that is known begins: with the first look, or before it where the registry told of moves."""
    told = moves.aggregate(first=Min("before"))["first"]
    return min((at for at in (first_seen, told) if at), default=None)


def picture(ask: Asked, tags: Sequence[Tag]) -> dict[str, Any]:
    """The lanes of these tags and the axis under them."""
    lanes = draw(sources(tags, ask.window), ask.window)
    return {
        "lanes": lanes,
        "is_ahead": any(hatch.is_ahead for lane in lanes for hatch in lane.hatches),
        "ticks": axis(ask.window, timezone.get_current_timezone()),
        "window": ask.window,
        "asked": ask,
        "spans": [(name, label) for name, (_days, label) in SPANS.items()],
        "kinds": Movement.KINDS.items(),
        "now": ask.window.now,
        "as_of": ask.window.now,
    }


def listed(request: HttpRequest, ask: Asked, moves: MovementQuerySet, repository: Repository | None) -> dict[str, Any]:
    """One page of the list of days, and where the next one begins. Raises BadAddress."""
    since = cursor_of(request)
    window = ask.window
    if since:
        moves = moves.older_than(*since)
    page = list(moves.newest_first().for_sentences()[: MOVES + 1])
    has_more = len(page) > MOVES
    page = page[:MOVES]
    # The gaps beside the moves of this page, and no others: the next page tells those before.
    newest = min(since[0], window.end) if since else window.end
    earliest = window.start if ask.is_bounded else BEFORE_ANYTHING
    beside = Window(page[-1].before if has_more else min(earliest, newest), newest, window.now)
    gaps = gaps_of(repository, beside) if repository else long_gaps(beside)
    gaps = [(of, gap) for of, gap in gaps if not since or gap.end <= newest]  # those that end later were told before
    return {
        "days": journal(page, [] if ask.is_filtered else gaps, window.now),
        "older": cursor(page[-1].before, page[-1].pk) if has_more else "",
        "is_first_page": since is None,
    }
