"""Moments that people ask about so often that they need not write them."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from tags.moments import stamp

FRIDAY = 4
EVENING = dt.time(18)


class Shortcut(NamedTuple):
    label: str
    moment: dt.datetime

    @property
    def stamp(self) -> str:
        return stamp(self.moment)


def shortcuts(now: dt.datetime) -> list[Shortcut]:
    """The latest first, all of them past, in the current time zone."""
    today = timezone.localtime(now).date()
    yesterday = today - dt.timedelta(days=1)
    return [
        Shortcut(_("1 hour ago"), now - dt.timedelta(hours=1)),
        Shortcut(_("Yesterday evening"), _evening(yesterday)),
        last_friday(now),
        Shortcut(_("1 week ago"), now - dt.timedelta(weeks=1)),
        Shortcut(_("30 days ago"), now - dt.timedelta(days=30)),
    ]


def last_friday(now: dt.datetime) -> Shortcut:
    today = timezone.localtime(now).date()
    friday = today - dt.timedelta(days=(today.weekday() - FRIDAY) % 7 or 7)
    return Shortcut(_("Last Friday evening"), _evening(friday))


def _evening(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, EVENING))
