"""When a move happened, as its readers' clocks tell it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


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
