"""Coverage as gaps: when nobody could look, and why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class Stretch(Protocol):
    """A stretch of coverage; `until` None means that it goes on."""

    @property
    def since(self) -> dt.datetime: ...
    @property
    def until(self) -> dt.datetime | None: ...
    @property
    def watched(self) -> bool: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody could look; `reason` None: before the first look, "": none was recorded."""

    start: dt.datetime
    end: dt.datetime
    reason: str | None


def gaps(
    stretches: Iterable[Stretch],
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    longer_than: dt.timedelta = dt.timedelta(0),
) -> list[Gap]:
    """The times from `start` to `end`, and not past `now`, in which a repository was not watched, oldest first.

    Stretches come oldest first: those of the window and the one before, which tells that there was a first look. Gaps
    that touch and have the same reason are one, unless a good look parts them. What is not longer than `longer_than`
    (two intervals of polling: the next look always lies ahead) is not shown, but for the time before the first look.
    """
    found: list[Gap] = []
    seen: set[dt.datetime] = set()  # when watching ended: a single good look is watched for no time
    known_until = start
    reason: str | None = None  # why nobody looked from then on
    for stretch in stretches:
        if known_until < stretch.since:
            found.append(Gap(known_until, stretch.since, reason))
        until = now if stretch.until is None else stretch.until
        if not stretch.watched:
            found.append(Gap(stretch.since, until, stretch.reason))
        else:
            seen.add(until)
        # A failure holds until something else is known; after a good look it is not known why none came.
        known_until, reason = until, "" if stretch.watched else stretch.reason
    if known_until < now:
        found.append(Gap(known_until, now, reason))
    last_shown = min(end, now)
    return [
        replace(gap, start=max(gap.start, start), end=min(gap.end, last_shown))
        for gap in _touching(found, seen)
        if max(gap.start, start) < min(gap.end, last_shown)
        and (gap.reason is None or gap.end - gap.start > longer_than)
    ]


def _touching(found: list[Gap], seen: Collection[dt.datetime]) -> list[Gap]:
    """Gaps that touch and have the same reason, made one; none goes on at a moment of `seen`."""
    merged: list[Gap] = []
    for gap in found:
        if gap.start == gap.end:
            continue
        is_same = bool(merged) and merged[-1].reason == gap.reason
        if is_same and gap.start <= merged[-1].end and gap.start not in seen:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, gap.end))
        else:
            merged.append(gap)
    return merged
