"""Round local times along a window."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Granularity(StrEnum):
    """What a tick's label has to name."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Step(NamedTuple):
    granularity: Granularity
    length: dt.timedelta
    months: int = 0


STEPS = (
    *(Step(Granularity.MINUTE, dt.timedelta(minutes=minutes)) for minutes in (1, 2, 5, 10, 15, 30)),
    *(Step(Granularity.HOUR, dt.timedelta(hours=hours)) for hours in (1, 2, 3, 6, 12)),
    *(Step(Granularity.DAY, dt.timedelta(days=days)) for days in (1, 2)),
    *(Step(Granularity.WEEK, dt.timedelta(weeks=weeks)) for weeks in (1, 2)),
    *(Step(Granularity.MONTH, dt.timedelta(days=30 * months), months) for months in (1, 3, 6)),
    *(Step(Granularity.YEAR, dt.timedelta(days=365 * years), 12 * years) for years in (1, 2, 5, 10, 50, 100)),
)
A_MONDAY = dt.datetime(1900, 1, 1)  # noqa: DTZ001 - a clock reading; days and weeks are counted from it


def ticks(start: dt.datetime, end: dt.datetime, tz: dt.tzinfo, most: int = 10) -> list[tuple[dt.datetime, Granularity]]:
    """About `most` round local times from `start` to `end`, oldest first, in the finest step that keeps to that.

    Weeks begin on Monday. An hour that the clock repeats has its ticks twice, one that it skips has none; a day whose
    midnight is skipped begins when its clock does. OverflowError in the first and the last days that Python knows.
    """
    start, end = start.astimezone(dt.UTC), end.astimezone(dt.UTC)  # two times of one zone are compared by the clock
    if end < start:
        return []
    step = next((step for step in STEPS if (end - start) / step.length <= most), STEPS[-1])
    found: set[dt.datetime] = set()
    for wall in _walls(step, start.astimezone(tz).replace(tzinfo=None), end.astimezone(tz).replace(tzinfo=None)):
        found.update(_instants(wall, tz, by_clock=step.granularity in (Granularity.MINUTE, Granularity.HOUR)))
    return [(at.astimezone(tz), step.granularity) for at in sorted(found) if start <= at <= end]


def _walls(step: Step, first: dt.datetime, last: dt.datetime) -> Iterator[dt.datetime]:
    """The round clock readings of a step around a window of clock readings, each once.

    The window may end on an earlier reading than it starts on, in the hour that is repeated: a margin takes care of it.
    """
    margin = dt.timedelta(hours=3)
    if step.months:
        month = (first.year * 12 + first.month - 1) // step.months * step.months
        while month <= last.year * 12 + last.month - 1:
            if month >= 12:  # there is no year 0
                yield dt.datetime(month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - a clock reading
            month += step.months
        return
    wall = A_MONDAY + (first - margin - A_MONDAY) // step.length * step.length
    while wall <= last + margin:
        yield wall
        wall += step.length


def _instants(wall: dt.datetime, tz: dt.tzinfo, *, by_clock: bool) -> Iterator[dt.datetime]:
    """When clocks in `tz` show `wall`, in UTC: once, twice or, `by_clock` only, never."""
    for fold_ in (0, 1) if by_clock else (0,):
        at = wall.replace(tzinfo=tz, fold=fold_).astimezone(dt.UTC)
        if not by_clock or at.astimezone(tz).replace(tzinfo=None) == wall:
            yield at
