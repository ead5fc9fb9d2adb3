"""The clock that all processes agree on: the database's.

Leases run by it, and what workers with clocks of their own saw is put in order by it.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.utils import timezone

# Clocks that a time server keeps do not differ by more, and nothing is gained by correcting less.
AGREE = dt.timedelta(seconds=0.5)


def ahead() -> dt.timedelta:
    """How far the database's clock is ahead of this process's: nothing where they agree, or are the same one."""
    if connection.vendor != "postgresql":
        return dt.timedelta()  # SQLite has the clock of the process that asks
    asked = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (told,) = cursor.fetchone()
    waited = timezone.now() - asked
    difference: dt.timedelta = told - (asked + waited / 2)
    return difference if abs(difference) > AGREE + waited else dt.timedelta()


def now() -> dt.datetime:
    """The time by the database's clock."""
    return timezone.now() + ahead()
