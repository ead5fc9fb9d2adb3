"""Lanes of bars.

A bar starts and ends at a move's `before`, when the new digest was first seen for sure; the time from its `after` until
then, in which the move happened, is the bar's uncertain end.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tags.timeline.moves import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tags.timeline.moves import Move

Span = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True, slots=True)
class Lane:
    """One tag's row: what it points to now (None: nothing), and its moves, oldest first.

    The moves are those of a window, with the last one before and the first one after it, or all since the tag was first
    seen. Of a crowd of moves those that `needed` tells are enough: `crowds` says how many bars there are from one to
    the next, by the first one's `before`.
    """

    name: str
    digest: str | None
    version: str | None
    first_seen: dt.datetime
    moves: Sequence[Move]
    crowds: Mapping[dt.datetime, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bar:
    """A time on one digest, cut to the window; `end` None: still there. `label` is its version, where known.

    `came` is the `after` and `before` of the move it began with, be it long before the window; None: it was there when
    somebody looked for the first time. `left` are those of the move it ended with, be it long after the window. `count`
    above 1: in truth so many bars, of which this is the first.
    """

    digest: str
    label: str | None
    start: dt.datetime
    end: dt.datetime | None
    uncertain_start: Span | None = None
    uncertain_end: Span | None = None
    count: int = 1
    came: tuple[dt.datetime | None, dt.datetime] | None = None
    left: tuple[dt.datetime | None, dt.datetime] | None = None

    @property
    def known_until(self) -> dt.datetime | None:
        """Up to when, in the window, it was so for sure; None: it is so still."""
        if self.end and self.left and self.left[0]:
            return min(self.end, self.left[0])
        return self.end


def bars(lane: Lane, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> list[Bar]:
    """The bars of a lane from `start` to `end`, oldest first; where the tag was not there, there is a hole."""
    came: Move | None = None
    version: str | None = None  # the one on arrival; what is only published again is still the one that came
    found: list[Bar] = []
    for left in lane.moves:
        bar = _bar(lane, came, left, version, start, min(end, now))
        if bar:
            found.append(bar)
        if bar and bar.count > 1:
            version = None  # of the crowd's first bar, which is not the one that left
        stays = (version or left.from_version) if left.kind == Kind.REPUBLISHED else None
        came, version = left, left.to_version or stays
    last = _bar(lane, came, None, version, start, min(end, now))
    return [*found, last] if last else found


def _bar(
    lane: Lane, came: Move | None, left: Move | None, version: str | None, start: dt.datetime, end: dt.datetime
) -> Bar | None:
    """The bar between two moves that follow each other; None where there is none in the window."""
    since = came.before if came else lane.first_seen
    if end < start or since > end or (left and not max(since, start) < min(left.before, end)):
        return None
    count = lane.crowds.get(came.before, 1) if came and left else 1
    digest = came.to_digest if came else left.from_digest if left else lane.digest
    if digest is None:
        return None
    return Bar(
        digest,
        version or (None if count > 1 else left.from_version if left else lane.version),
        max(since, start),
        min(left.before, end) if left else None,
        _uncertain(came, start, end),
        _uncertain(left, start, end),
        count,
        (came.after, came.before) if came else None,
        (left.after, left.before) if left else None,
    )


def _uncertain(move: Move | None, start: dt.datetime, end: dt.datetime) -> Span | None:
    """The part in the window of the time in which a move happened; None for a known moment."""
    if move is None or move.after is None:
        return None
    after, before = max(move.after, start), min(move.before, end)
    return (after, before) if after < before else None
