"""The clock that all processes agree on: the database's.

Leases run by it, and what workers with clocks of their own saw is put in order by it.
"""

from __future__ import annotations

import datetime as dt
import math
import time

from django.db import connection
from django.utils import timezone

# Clocks that a time server keeps do not differ by more, and nothing is gained by correcting less.
AGREE = dt.timedelta(seconds=0.5)
SECONDS_OF_TRUST = 10  # in what was found, unless this process's clock was set meanwhile


class _Comparison:
    """Of this process's clock with the database's, made anew when it has to be."""

    def __init__(self) -> None:
        self._ahead = dt.timedelta()
        self._made = -math.inf  # by the monotonic clock
        self._lead = 0.0  # of this process's clock over the monotonic one, which nobody sets

    def ahead(self) -> dt.timedelta:
        lead = time.time() - time.monotonic()
        was_set = abs(lead - self._lead) > AGREE.total_seconds()
        if was_set or not 0 <= time.monotonic() - self._made < SECONDS_OF_TRUST:
            asked = time.monotonic()
            self._ahead, self._made, self._lead = _difference(), time.monotonic(), lead
            if self._made - asked > AGREE.total_seconds():
                self._made = -math.inf  # a slow answer is a rough one
        return self._ahead


_comparison = _Comparison()


def ahead() -> dt.timedelta:
    """How far the database's clock is ahead of this process's: nothing where they agree, or are the same one."""
    if connection.vendor != "postgresql":
        return dt.timedelta()  # SQLite has the clock of the process that asks
    return _comparison.ahead()


def now() -> dt.datetime:
    """The time by the database's clock."""
    by = ahead()  # which may have to wait
    return timezone.now() + by


def _difference() -> dt.timedelta:
    asked = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
    waited = timezone.now() - asked
    difference: dt.timedelta = told - (asked + waited / 2)
    return difference if abs(difference) > AGREE + waited else dt.timedelta()
