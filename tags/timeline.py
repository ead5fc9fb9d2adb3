"""Movements as pictures and sentences need them: bars, gaps, groups, ticks and intervals; not the words and lines.

All times are aware. A bar starts and ends at a move's `before`, when the new digest was first seen for sure; the time
from its `after` until then, in which the move happened, is the bar's uncertain end.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

Span = tuple[dt.datetime, dt.datetime]
CELLS = 10  # of a window: each wide enough for a few words on a screen, and for a number on a phone
# Some databases count in milliseconds: what begins with a cell must lie in it whoever counts.
CLOCKS_DIFFER = 0.0005  # seconds


class Kind(StrEnum):
    FORWARD = "forward"
    ROLLBACK = "rollback"
    CHANGED = "changed"
    REBUILT = "rebuilt"
    REPUBLISHED = "republished"
    APPEARED = "appeared"
    REMOVED = "removed"
    RETURNED = "returned"


class Move(Protocol):
    """One movement of one tag, somewhere between `after` (None: nothing is known before) and `before`."""

    @property
    def kind(self) -> str: ...
    @property
    def after(self) -> dt.datetime | None: ...
    @property
    def before(self) -> dt.datetime: ...
    @property
    def from_digest(self) -> str | None: ...
    @property
    def to_digest(self) -> str | None: ...
    @property
    def from_version(self) -> str | None: ...
    @property
    def to_version(self) -> str | None: ...


class FoundMove(Move, Protocol):
    """A move and the poll that found it."""

    @property
    def found_at(self) -> dt.datetime: ...
    @property
    def repository_id(self) -> Hashable: ...


M = TypeVar("M", bound=FoundMove)


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
    somebody looked for the first time. `count` above 1: in truth so many bars, of which this is the first.
    """

    digest: str
    label: str | None
    start: dt.datetime
    end: dt.datetime | None
    uncertain_start: Span | None = None
    uncertain_end: Span | None = None
    count: int = 1
    came: tuple[dt.datetime | None, dt.datetime] | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """So many bars, too narrow to be drawn each on its own; `then_digest`: where they led to, None for a hole."""

    start: dt.datetime
    end: dt.datetime
    count: int
    then_digest: str | None = None
    then_label: str | None = None


@dataclass(frozen=True)
class Detail:
    """How much is told apart in a picture of a window: bars that take up `least` of it, a share, or more.

    What is narrower is counted by the cell, of which each window has the same number: else a lane that moved all the
    time would be one bar that says how often, and not when.
    """

    start: dt.datetime
    end: dt.datetime
    least: float

    @cached_property
    def narrow(self) -> float:
        """Seconds: what takes less is not drawn on its own."""
        return (self.end - self.start).total_seconds() * self.least

    @cached_property
    def cell(self) -> float:
        """The length of a cell in seconds."""
        return (self.end - self.start).total_seconds() / CELLS

    def cell_of(self, seconds: float) -> int:
        """In which cell lies what is so many seconds after the start."""
        return int((seconds + CLOCKS_DIFFER) / self.cell)

    def cell_at(self, moment: dt.datetime) -> int:
        return self.cell_of((moment - self.start).total_seconds())


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
    )


def _uncertain(move: Move | None, start: dt.datetime, end: dt.datetime) -> Span | None:
    """The part in the window of the time in which a move happened; None for a known moment."""
    if move is None or move.after is None:
        return None
    after, before = max(move.after, start), min(move.before, end)
    return (after, before) if after < before else None


class Mark(NamedTuple):
    """A move as one of many: its id, how many seconds after the window's start it was, and how many bars begin from it
    on, up to the next mark.
    """

    pk: int
    at: float
    bars: int


def needed(marks: Sequence[Mark], detail: Detail) -> dict[int, int]:
    """The moves of a lane that its picture is drawn from, by id, and how many bars there are from each to the next one.

    Of moves in one cell that follow each other too closely nothing is seen but how many bars they are: needed are the
    first and the last of them and, where these leave or end a hole, where the first bar begins and the last ends.
    """
    found: dict[int, int] = {}
    narrow = detail.narrow
    begin = 0
    while begin < len(marks):
        last, cell = begin, detail.cell_of(marks[begin].at)
        while (
            last + 1 < len(marks)
            and marks[last + 1].at - marks[last].at < narrow
            and detail.cell_of(marks[last + 1].at) == cell
        ):
            last += 1
        crowd = [place for place in range(begin, last) if marks[place].bars]
        found[marks[begin].pk] = marks[begin].bars
        found.setdefault(_last_of_its_moment(marks, begin, last).pk, 0)
        if crowd:
            end = crowd[-1] + 1
            found[marks[crowd[0]].pk] = sum(marks[place].bars for place in crowd)
            found.setdefault(marks[end].pk, 0)
            found.setdefault(_last_of_its_moment(marks, end, last).pk, 0)
        found.setdefault(marks[last].pk, 0)
        begin = last + 1
    return found


def _last_of_its_moment(marks: Sequence[Mark], place: int, last: int) -> Mark:
    """Of the marks up to `last` at the same time as this one the one that tells how it went on."""
    while place < last and marks[place + 1].at == marks[place].at:
        place += 1
    return marks[place]


def level_of_detail(lane: Sequence[Bar], detail: Detail, now: dt.datetime) -> list[Bar | Cluster]:
    """The bars of a lane, those too narrow to be told apart merged with their narrow neighbours in the same cell.

    Narrow holes between them are merged too, a bar that is alone or still current is kept: what is left is at most
    about 2 / `detail.least` pieces and one more for each cell, however often a tag moved.
    """
    by_cell: list[list[Bar]] = []
    for bar in lane:
        last = by_cell[-1] if by_cell else []
        if last and detail.cell_at(last[0].start) == detail.cell_at(bar.start) and _are_crowded(last, [bar], detail):
            last.append(bar)
        else:
            by_cell.append([bar])
    runs: list[list[Bar]] = []
    for run in by_cell:
        # What would fit into one cell is not parted because it lies across the border of two.
        last = runs[-1] if runs else []
        if last and _are_crowded(last, run, detail) and _length([*last, *run], now) <= detail.cell:
            last += run
        else:
            runs.append(run)
    return [_merged(run, following, now) for run, following in zip_longest(runs, runs[1:])]


def _are_crowded(run: list[Bar], following: list[Bar], detail: Detail) -> bool:
    """Whether both are of narrow bars, and so is what lies between them."""
    end, start = run[-1].end, following[0].start
    return (
        end is not None
        and _is_narrow(run[-1], detail)
        and _is_narrow(following[0], detail)
        and (start - end).total_seconds() < detail.narrow
    )


def _length(run: list[Bar], now: dt.datetime) -> float:
    return ((run[-1].end or now) - run[0].start).total_seconds()


def _is_narrow(bar: Bar, detail: Detail) -> bool:
    return bar.end is not None and (bar.count > 1 or (bar.end - bar.start).total_seconds() < detail.narrow)


def _merged(run: list[Bar], following: list[Bar] | None, now: dt.datetime) -> Bar | Cluster:
    count = sum(bar.count for bar in run)
    if count == 1:
        return run[0]
    end = run[-1].end or now
    then = following[0] if following and following[0].start == end else None
    return Cluster(run[0].start, end, count, then.digest if then else None, then.label if then else None)


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
    that touch and have the same reason are one. What is not longer than `longer_than` (two intervals of polling: the
    next look always lies ahead) is not shown, but for the time before the first look.
    """
    found: list[Gap] = []
    known_until = start
    reason: str | None = None  # why nobody looked from then on
    for stretch in stretches:
        if known_until < stretch.since:
            found.append(Gap(known_until, stretch.since, reason))
        until = now if stretch.until is None else stretch.until
        if not stretch.watched:
            found.append(Gap(stretch.since, until, stretch.reason))
        # A failure holds until something else is known; after a good look it is not known why none came.
        known_until, reason = until, "" if stretch.watched else stretch.reason
    if known_until < now:
        found.append(Gap(known_until, now, reason))
    last_shown = min(end, now)
    return [
        replace(gap, start=max(gap.start, start), end=min(gap.end, last_shown))
        for gap in _touching(found)
        if max(gap.start, start) < min(gap.end, last_shown)
        and (gap.reason is None or gap.end - gap.start > longer_than)
    ]


def _touching(found: list[Gap]) -> list[Gap]:
    """Gaps that touch and have the same reason, made one."""
    merged: list[Gap] = []
    for gap in found:
        if gap.start == gap.end:
            continue
        if merged and merged[-1].reason == gap.reason and gap.start <= merged[-1].end:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, gap.end))
        else:
            merged.append(gap)
    return merged


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


@dataclass(frozen=True, slots=True)
class Interval:
    """When something happened, in a reader's zone: "at", "between ... and ..." or, `after` None, "before"."""

    after: dt.datetime | None
    before: dt.datetime

    @property
    def is_moment(self) -> bool:
        """Whether it is known for sure: a poller knows two ends, a registry that tells push times the moment."""
        # Two times of one zone are compared by the clock, which shows an hour of autumn twice.
        return self.after is not None and self.after.astimezone(dt.UTC) == self.before.astimezone(dt.UTC)

    @property
    def spans_days(self) -> bool:
        """Whether "between" needs two dates."""
        return self.after is not None and self.after.date() != self.before.date()


def interval(after: dt.datetime | None, before: dt.datetime, tz: dt.tzinfo) -> Interval:
    """The interval of a move, or of a tag's state, as read on clocks in `tz`."""
    return Interval(after and after.astimezone(tz), before.astimezone(tz))
