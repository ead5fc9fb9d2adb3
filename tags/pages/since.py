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
        self._between = _("between %(first)s and %(last)s")
        self._days: dict[dt.date, str] = {}
        self._lengths: dict[int, str] = {}

    def of(self, after: dt.datetime | None, before: dt.datetime) -> Since:
        local = before.astimezone(self._zone)
        day = self._days.get(local.date())
        if day is None:
            day = self._days[local.date()] = clock.day(before, self.now)
        if after is None:
            words = _("it was so at the first look, %s") % clock.point(before, self.now)
            return Since(day, clock.lasting(after, before, self.as_of), words)
        lasting = self._lasting(after, before)
        first = after.astimezone(self._zone)
        if first.date() != local.date() or before - after < clock.SHORT:
            return Since(day, lasting, clock.between(after, before, self.now))
        words = self._between % {"first": clock.clock(after), "last": clock.clock(before)}
        return Since(day, lasting, clock.on_day(day, words))

    def told(self, after: dt.datetime | None, before: dt.datetime) -> str:
        """Since when, with the time of day: "Fri 9 May 14:02"."""
        words = clock.point(before, self.now)
        return words if clock.is_since(after, before) else _("%s or earlier") % words

    def _lasting(self, after: dt.datetime, before: dt.datetime) -> str:
        length = self.as_of - before
        if length.days < 2 or not clock.is_since(after, before):
            return clock.lasting(after, before, self.as_of)
        words = self._lengths.get(length.days)
        if words is None:
            words = self._lengths[length.days] = clock.duration(length)
        return words
