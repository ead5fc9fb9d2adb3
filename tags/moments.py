"""Moments as people write them."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)
END = dt.datetime.max.replace(tzinfo=dt.UTC)


class InvalidMoment(ValueError):
    """The text is no moment; says how to write one."""


def parse_moment(text: str) -> dt.datetime:
    """Read ISO 8601: a date alone is its midnight, a time without a zone is in the current time zone.

    The moment is in UTC: two times of one zone would be compared by its clocks, which are set back once a year. What
    lies beyond the calendar there is put at its edge.
    """
    moment = _read(text)
    if not isinstance(moment, dt.datetime):
        moment = dt.datetime.combine(moment, dt.time.min)
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    try:
        return moment.astimezone(dt.UTC)
    except OverflowError:
        return BEGINNING if moment.year == dt.MINYEAR else END


def has_zone(text: str) -> bool:
    """Whether the text means the same moment wherever it is read. Raises InvalidMoment."""
    moment = _read(text)
    return isinstance(moment, dt.datetime) and timezone.is_aware(moment)


def _read(text: str) -> dt.datetime | dt.date:
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
    return moment


def utc(moment: dt.datetime) -> str:
    """A moment as programs are told it: RFC 3339 in UTC, with microseconds where it has some."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def stamp(moment: dt.datetime) -> str:
    """A moment as it stands in addresses, to the microsecond: with a Z, because a plus would arrive as a blank."""
    return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
