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
        lasting = self._lasting(self.as_of - before)
        if after is None:
            words = _("it was so at the first look, %s") % clock.point(before, self.now)
            return Since(day, _("at least %s") % lasting, words)
        first = after.astimezone(self._zone)
        if first.date() != local.date() or before - after < clock.SHORT:
            return Since(day, lasting, clock.between(after, before, self.now))
        words = self._between % {"first": f"{first:%H:%M}", "last": f"{local:%H:%M}"}
        return Since(day, lasting, f"{day} {words}")

    def _lasting(self, length: dt.timedelta) -> str:
        if length.days < 2:
            return clock.duration(length)
        words = self._lengths.get(length.days)
        if words is None:
            words = self._lengths[length.days] = clock.duration(length)
        return words
