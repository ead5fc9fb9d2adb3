"""Movements as pictures and sentences need them: bars, gaps, groups, ticks and intervals; not the words and lines.

All times are aware.
"""

from tags.timeline.axis import Granularity, ticks
from tags.timeline.detail import CELLS, CLOCKS_DIFFER, Cluster, Detail, Mark, level_of_detail, needed
from tags.timeline.folding import fold
from tags.timeline.gap import Gap, Stretch, gaps
from tags.timeline.intervals import Interval, interval
from tags.timeline.lane import Bar, Lane, bars
from tags.timeline.moves import Kind
from tags.timeline.rebuilds import Rebuild, count_rebuilds

__all__ = [
    "CELLS",
    "CLOCKS_DIFFER",
    "Bar",
    "Cluster",
    "Detail",
    "Gap",
    "Granularity",
    "Interval",
    "Kind",
    "Lane",
    "Mark",
    "Rebuild",
    "Stretch",
    "bars",
    "count_rebuilds",
    "fold",
    "gaps",
    "interval",
    "level_of_detail",
    "needed",
    "ticks",
]
