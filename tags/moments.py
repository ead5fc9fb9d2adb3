"""Moments as people write them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _


class InvalidMoment(ValueError):
    """The text is no moment; says how to write one."""


def parse_moment(text: str) -> dt.datetime:
    """Read ISO 8601: a date alone is its midnight, a time without a zone is in the current time zone."""
    text = text.strip()
    try:
        # "+" in an address that was typed by hand arrives as a blank.
        moment = parse_datetime(text) or parse_datetime(text.replace(" ", "+")) or parse_date(text)
    except ValueError:
        moment = None
    if moment is None:
        raise InvalidMoment(
            _("“%(text)s” is no date and time: write 2026-05-03 or 2026-05-03T14:00+02:00.") % {"text": text}
        )
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time.min)
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
