"""The lanes and the list of days that the pages of movements and of a tag share."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Exists, Min, OuterRef
from django.utils import timezone

from tags.models import Movement
from tags.pages.journal import Edges, journal
from tags.pages.lanes import Window, axis, draw
from tags.pages.sources import gaps_of, long_gaps, sources
from tags.views.asking import cursor, cursor_of
from tags.views.window import SPANS, Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest

    from tags.models import Repository, Tag
    from tags.models.movement import MovementQuerySet

MOVES = 50
LONGEST_POLL = dt.timedelta(hours=2)
COLUMNS = (
    "id", "repository", "tag", "kind", "from_digest", "to_digest",
    "from_version", "to_version", "after", "before", "source", "sentence",
)  # fmt: skip
Place = tuple[dt.datetime, int]  # in the list: the time and id of a movement
BEFORE_ANYTHING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def beginning(first_seen: dt.datetime | None, moves: MovementQuerySet) -> dt.datetime | None:
    """When the past that is known begins: with the first look, or before it where the registry told of moves."""
    told = moves.aggregate(first=Min("before"))["first"]
    return min((at for at in (first_seen, told) if at), default=None)


def rows(moves: MovementQuerySet) -> Iterator[tuple[object, ...]]:
    """Movements as the exports give them, in the order of COLUMNS, newest first, read as they are sent."""
    for move in moves.newest_first().for_sentences().iterator(chunk_size=2000):
        yield (
            move.pk, move.tag.repository.reference, move.tag.name, move.kind, move.from_digest, move.to_digest,
            move.from_version, move.to_version, move.after, move.before, move.source, move.sentence,
        )  # fmt: skip


def feed(address: str, ask: Asked) -> str:
    """The address of the feed of what this filter finds; a feed is about what comes, so it has no time."""
    query = urlencode({"q": ask.text, "tag": ask.tags, "kind": ask.kinds}, doseq=True)
    named = "&".join(part for part in query.split("&") if not part.endswith("="))
    return f"/atom{address}?{named}" if named else f"/atom{address}"


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
        "chosen_kinds": [(kind, Movement.KINDS[kind]) for kind in ask.kinds],
    }


def listed(
    request: HttpRequest,
    ask: Asked,
    moves: MovementQuerySet,
    repository: Repository | None,
    sought: Movement | None = None,
) -> dict[str, Any]:
    """One page of the list of days, and where the next one begins; with `sought` on top. Raises BadAddress."""
    since = cursor_of(request) or (_just_above(sought, moves) if sought else None)
    window = ask.window
    following = moves.older_than(*since) if since else moves
    page = list(following.newest_first().for_sentences()[: MOVES + 1])
    has_more = len(page) > MOVES
    page = page[:MOVES]
    # The gaps beside the moves of this page, and no others: the next page tells those before.
    newest = min(since[0], window.end) if since else window.end
    earliest = window.start if ask.is_bounded else BEFORE_ANYTHING
    beside = Window(page[-1].before if has_more else min(earliest, newest), newest, window.now)
    gaps = gaps_of(repository, beside) if repository else long_gaps(beside)
    gaps = [(of, gap) for of, gap in gaps if not since or gap.end <= newest]  # those that end later were told before
    gaps = [(of, gap) for of, gap in gaps if gap.reason is not None or gap.end < newest]  # else it ends beyond them
    return {
        "days": journal(page, [] if ask.is_filtered else gaps, window.now, _edges(moves, page, since, has_more)),
        "older": cursor(page[-1].before, page[-1].pk) if has_more else "",
        "is_first_page": since is None,
        "current": _current(page, window),
        "sought": sought,
    }


def _just_above(move: Movement, moves: MovementQuerySet) -> Place:
    """Where a page begins with a move and those that were found with it."""
    found = moves.filter(repository=move.repository_id, found_at=move.found_at, before__gte=move.before)
    first = found.newest_first().first() or move
    return first.before, first.pk + 1


def _current(page: Sequence[Movement], window: Window) -> set[int]:
    """Which of these moves nothing had followed at the moment that the page is about."""
    if window.moment is None:
        return {move.pk for move in page if move.is_current}
    followed = Movement.objects.filter(tag=OuterRef("tag"), before__gt=OuterRef("before"), before__lte=window.moment)
    last = Movement.objects.filter(pk__in=[move.pk for move in page], to_digest__isnull=False)
    return set(last.exclude(Exists(followed)).values_list("pk", flat=True))


def _edges(moves: MovementQuerySet, page: Sequence[Movement], since: Place | None, has_more: bool) -> Edges:
    """Which polls' moves the page's edges cut. A poll finds what happened before its end, and seldom much earlier."""
    found_at = sorted({move.found_at for move in page})
    begun_before: frozenset[tuple[int, dt.datetime]] = frozenset()
    going_on: frozenset[tuple[int, dt.datetime]] = frozenset()
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
