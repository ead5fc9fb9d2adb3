"""Moves and lanes as models give them, in the ten days before NOW."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tags.timeline import Kind, Lane

BERLIN = ZoneInfo("Europe/Berlin")
SECOND, MINUTE, HOUR, DAY = (
    dt.timedelta(seconds=1),
    dt.timedelta(minutes=1),
    dt.timedelta(hours=1),
    dt.timedelta(days=1),
)
MONDAY = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
NOW = MONDAY + 10 * DAY


@dataclass(frozen=True)
class Moved:
    """A move as a model gives it."""

    before: dt.datetime
    to_digest: str | None
    to_version: str | None = None
    from_digest: str | None = None
    from_version: str | None = None
    after: dt.datetime | None = None
    kind: str = Kind.FORWARD
    found_at: dt.datetime = NOW
    repository_id: int = 1


@st.composite
def lanes(draw):
    minutes = sorted(draw(st.sets(st.integers(1, 5000), max_size=30)))
    digests = draw(st.lists(st.sampled_from(["a", "b", None]), min_size=len(minutes) + 1, max_size=len(minutes) + 1))
    moves = [
        Moved(MONDAY + minute * MINUTE, to, from_digest=was, after=MONDAY + (minute - 1) * MINUTE)
        for minute, (was, to) in zip(minutes, pairwise(digests), strict=True)
    ]
    return Lane("latest", digests[-1], None, MONDAY, moves)
