"""Since when something is so, for a page that says it hundreds of times: what those have in common is said once."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from tags.pages import clock


class Since(NamedTuple):
    day: str  # "Fri 9 May"
    lasting: str  # "6 days"
    interval: str  # both ends, to the second: "9 May 2026 14:02:05 ... 14:07:07 (UTC+2)"


class Sinces:
    """All told from `now`, up to `as_of`, in the current time zone and language."""

    def __init__(self, now: dt.datetime, as_of: dt.datetime) -> None:
        self.now = now
        self.as_of = as_of
        self._zone = timezone.get_current_timezone()
        # A day in words, and the pattern for an interval on it.
        self._days: dict[tuple[dt.date, dt.timedelta | None], tuple[str, str]] = {}
        self._lengths: dict[tuple[int, int, bool], str] = {}

    def of(self, after: dt.datetime | None, before: dt.datetime) -> Since:
        local = before.astimezone(self._zone)
        offset = local.utcoffset()
        day, pattern = self._days.get((local.date(), offset)) or self._day(local)
        if after is None:
            words = _("it was so at the first look, %s") % clock.exact(before)
            return Since(day, clock.lasting(after, before, self.as_of), words)
        lasting = self._lasting(after, before)
        first = after.astimezone(self._zone)
        if first.date() != local.date() or first.utcoffset() != offset:
            return Since(day, lasting, clock.exactly_between(after, before))
        return Since(day, lasting, pattern % clock.times_of_day(first, local))

    def told(self, after: dt.datetime | None, before: dt.datetime) -> str:
        """Since when, with the time of day: "Fri 9 May 14:02"."""
        words = clock.point(before, self.now)
        return words if clock.is_since(after, before, self.as_of) else _("%s or earlier") % words

    def _day(self, local: dt.datetime) -> tuple[str, str]:
        told = clock.day(local, self.now), clock.exactly_on(local)
        self._days[local.date(), local.utcoffset()] = told
        return told

    def _lasting(self, after: dt.datetime, before: dt.datetime) -> str:
        least, most = (self.as_of - before).days, (self.as_of - after).days
        if least < 2:
            return clock.lasting(after, before, self.as_of)
        told_by = least, most, clock.is_since(after, before, self.as_of)  # from two days on, nothing else counts
        words = self._lengths.get(told_by)
        if words is None:
            words = self._lengths[told_by] = clock.lasting(after, before, self.as_of)
        return words
