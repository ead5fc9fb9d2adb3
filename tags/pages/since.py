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
    interval: str  # "Fri 9 May between 14:02 and 14:07"


class Sinces:
    """All told from `now`, up to `as_of`, in the current time zone and language."""

    def __init__(self, now: dt.datetime, as_of: dt.datetime) -> None:
        self.now = now
        self.as_of = as_of
        self._zone = timezone.get_current_timezone()
        self._days: dict[dt.date, tuple[str, str]] = {}  # in words, and the words for an interval on that day
        self._lengths: dict[tuple[int, int, bool], str] = {}

    def of(self, after: dt.datetime | None, before: dt.datetime) -> Since:
        local = before.astimezone(self._zone)
        day, pattern = self._days.get(local.date()) or self._day(before, local.date())
        if after is None:
            words = _("it was so at the first look, %s") % clock.point(before, self.now)
            return Since(day, clock.lasting(after, before, self.as_of), words)
        lasting = self._lasting(after, before)
        first = after.astimezone(self._zone)
        if first.date() != local.date() or before - after < clock.SHORT:
            return Since(day, lasting, clock.between(after, before, self.now))
        return Since(day, lasting, pattern % {"first": clock.time_of_day(first), "last": clock.time_of_day(local)})

    def told(self, after: dt.datetime | None, before: dt.datetime) -> str:
        """Since when, with the time of day: "Fri 9 May 14:02"."""
        words = clock.point(before, self.now)
        return words if clock.is_since(after, before, self.as_of) else _("%s or earlier") % words

    def _day(self, moment: dt.datetime, date: dt.date) -> tuple[str, str]:
        day = clock.day(moment, self.now)
        self._days[date] = day, clock.on_day(day, _("between %(first)s and %(last)s"))
        return self._days[date]

    def _lasting(self, after: dt.datetime, before: dt.datetime) -> str:
        least, most = (self.as_of - before).days, (self.as_of - after).days
        if least < 2:
            return clock.lasting(after, before, self.as_of)
        told_by = least, most, clock.is_since(after, before, self.as_of)  # from two days on, nothing else counts
        words = self._lengths.get(told_by)
        if words is None:
            words = self._lengths[told_by] = clock.lasting(after, before, self.as_of)
        return words
