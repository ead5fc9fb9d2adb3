"""How much of a lane is told apart: bars too narrow to be drawn each are a cluster, a crowd of moves is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tags.timeline.lane import Bar

CELLS = 10  # of a window: each wide enough for a few words on a screen, and for a number on a phone
# Some databases count in milliseconds: what begins with a cell must lie in it whoever counts.
CLOCKS_DIFFER = 0.0005  # seconds


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
