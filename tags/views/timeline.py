"""The lanes and the list of days that the pages of movements and of a tag share."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Min
from django.utils import timezone

from tags.models import Movement
from tags.pages.journalpage import journal_page, just_above
from tags.pages.lanes import axis, draw
from tags.pages.sources import sources
from tags.views.asking import cursor, cursor_of
from tags.views.window import SPANS, Asked

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest

    from tags.models import Repository, Tag
    from tags.models.movement import MovementQuerySet

COLUMNS = (
    "id", "repository", "tag", "kind", "from_digest", "to_digest",
    "from_version", "to_version", "after", "before", "source", "sentence",
)  # fmt: skip


def beginning(first_seen: dt.datetime | None, moves: MovementQuerySet) -> dt.datetime | None:
    """When the past that is known begins: with the first look, or before it where the registry told of moves."""
    told = moves.aggregate(first=Min("before"))["first"]
    return min((at for at in (first_seen, told) if at), default=None)


def rows(moves: MovementQuerySet) -> Iterator[tuple[object, ...]]:
    """Movements as the exports give them, in the order of COLUMNS, read as they are sent.

    Newest first and those of one look by their names, as the page folds them.
    """
    told = moves.newest_first().for_sentences().iterator(chunk_size=2000)
    for _fold, found in groupby(told, _fold_of):
        for move in sorted(found, key=attrgetter("tag.name")):
            yield tuple(map(move.facts.get, COLUMNS))


def _fold_of(move: Movement) -> tuple[object, ...]:
    return timezone.localdate(move.before), move.repository_id, move.found_at


def feed(address: str, ask: Asked) -> str:
    """The address of the feed of what this filter finds; a feed is about what comes, so it has no time."""
    query = urlencode({"q": ask.text, "tag": ask.tags, "kind": ask.kinds}, doseq=True)
    named = "&".join(part for part in query.split("&") if not part.endswith("="))
    return f"/atom{address}?{named}" if named else f"/atom{address}"


def picture(ask: Asked, tags: Sequence[Tag]) -> dict[str, Any]:
    """The lanes of these tags and the axis under them."""
    lanes = [] if ask.problem else draw(sources(tags, ask.window), ask.window)
    return {
        "lanes": lanes,
        "has_clusters": any(piece.count > 1 for lane in lanes for piece in lane.pieces),
        "has_holes": any(lane.has_hole for lane in lanes),
        "is_ahead": any(hatch.is_ahead for lane in lanes for hatch in lane.hatches),
        "has_forgotten": any(hatch.is_forgotten for lane in lanes for hatch in lane.hatches),
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
    since = cursor_of(request) or (just_above(sought, moves) if sought else None)
    page = journal_page(
        moves, ask.window, since, repository, is_bounded=ask.is_bounded, with_gaps=not (ask.is_filtered or ask.problem)
    )
    return {
        "days": page.days,
        "older": cursor(*page.older) if page.older else "",
        "is_first_page": since is None,
        "current": page.current,
        "sought": sought,
    }
