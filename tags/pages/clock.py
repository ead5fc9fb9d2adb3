"""Time in the words of a page: always in the viewer's zone, which the page prints once."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext, npgettext, pgettext
from django.utils.translation import gettext as _

from tags.timeline import interval

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
SHORT = dt.timedelta(minutes=2)  # an interval that minutes are too coarse for
WIDE = dt.timedelta(hours=1)  # an interval that no single end may stand for


def duration(length: dt.timedelta) -> str:
    """A length of time in one unit, rounded down: "2 min", "3 h", "31 days"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < MINUTE:
        return _("%d s") % seconds
    if seconds < 2 * HOUR:
        return _("%d min") % (seconds // MINUTE)
    if seconds < 2 * DAY:
        return _("%d h") % (seconds // HOUR)
    days = seconds // DAY
    if days < 100:
        return ngettext("%d day", "%d days", days) % days
    if days < 2 * 365:
        return ngettext("%d month", "%d months", days // 30) % (days // 30)
    return ngettext("%d year", "%d years", days // 365) % (days // 365)


def is_since(after: dt.datetime | None, before: dt.datetime, until: dt.datetime) -> bool:
    """Whether what came between these times is so "since" the later one: else it is so since then "or earlier".

    It is not when the interval is wide, or longer than what it lasts for sure: it may have been twice as long.
    """
    return after is not None and before - after <= min(WIDE, until - before)


def lasting(after: dt.datetime | None, before: dt.datetime, until: dt.datetime) -> str:
    """How long what came between these times is so: "2 days", "2 to 8 days", "at least 2 days"."""
    least = until - before
    shortest = duration(least)
    if after is None:
        return _("at least %s") % shortest
    longest = duration(until - after)
    if is_since(after, before, until) or shortest == longest:
        return shortest
    if least.days >= 2 and (until - after).days < 100:
        return _("%(least)d to %(most)d days") % {"least": least.days, "most": (until - after).days}
    return _("%(least)s to %(most)s") % {"least": shortest, "most": longest}


def distance(length: dt.timedelta) -> str:
    """The same beside "in", "ago" or "since": there, other languages say the days another way."""
    days = int(length.total_seconds()) // DAY
    if days < 2:
        return duration(length)
    if days < 100:
        return npgettext("from now", "%d day", "%d days", days) % days
    if days < 2 * 365:
        return npgettext("from now", "%d month", "%d months", days // 30) % (days // 30)
    return npgettext("from now", "%d year", "%d years", days // 365) % (days // 365)


def relative(moment: dt.datetime, now: dt.datetime) -> str:
    """How far a moment is from now: "just now", "2 min ago", "in a moment", "in 3 min"."""
    is_near = abs(moment - now) < dt.timedelta(seconds=5)
    if moment > now:
        return _("in a moment") if is_near else _("in %s") % distance(moment - now)
    if is_near:
        return _("just now")
    return _("%s ago") % distance(now - moment)


def age(moment: dt.datetime, then: dt.datetime | None, now: dt.datetime) -> str:
    """How far a moment is from the one a page is about: `then`, or now when that is None: "6 days earlier"."""
    if then is None:
        return relative(moment, now)
    return (_("%s later") if moment > then else _("%s earlier")) % duration(abs(then - moment))


def day(moment: dt.datetime, now: dt.datetime) -> str:
    """The day as people say it: "today", "yesterday", "Fri 9 May", with the year when it is another."""
    zone = timezone.get_current_timezone()
    return _day(moment.astimezone(zone).date(), now.astimezone(zone).date(), get_language())


@lru_cache(maxsize=1024)  # a page says few days, and each many times
def _day(date: dt.date, today: dt.date, _language: str | None) -> str:
    if date == today:
        return _("today")
    if date == today - dt.timedelta(days=1):
        return _("yesterday")
    if date.year == today.year:
        return date_format(date, pgettext("format of a date", "D j M"))
    return date_format(date, pgettext("format of a date", "j M Y"))


def heading(date: dt.date, now: dt.datetime) -> str:
    """A day over what happened on it: "Today, Friday 9 May 2026"."""
    words = date_format(date, pgettext("format of a date", "l j F Y"))
    days = (timezone.localtime(now).date() - date).days
    return {0: _("Today, %s"), 1: _("Yesterday, %s")}.get(days, "%s") % words


def clock(moment: dt.datetime, *, seconds: bool = False) -> str:
    """The time of day, to the minute or to the second; in an hour that clocks repeat, with its distance from UTC."""
    return time_of_day(moment.astimezone(timezone.get_current_timezone()), seconds=seconds)


def time_of_day(local: dt.datetime, *, seconds: bool = False) -> str:
    """The same of a moment that is in the viewer's zone already."""
    return _told_apart(local, local.time().isoformat("seconds" if seconds else "minutes"))


def _told_apart(local: dt.datetime, time: str) -> str:
    if not _clocks_change(local.date(), local.tzinfo):  # as on all days but two of a year
        return time
    if local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset():
        return time
    return _("%(time)s (%(offset)s)") % {"time": time, "offset": _offset(local)}


@lru_cache(maxsize=1024)
def _clocks_change(date: dt.date, zone: dt.tzinfo | None) -> bool:
    """Whether a day begins at another distance from UTC than the next one."""
    days = (date, date + dt.timedelta(days=1))
    return len({dt.datetime.combine(day, dt.time.min, zone).utcoffset() for day in days}) > 1


def point(moment: dt.datetime, now: dt.datetime, *, seconds: bool = False) -> str:
    """Day and time of day: "today 14:02", "Fri 9 May 14:02"."""
    return Points(now).of(moment, seconds=seconds)


class Points:
    """Tells one moment after the other as `point` does: the reader's zone and language are asked for only once."""

    def __init__(self, now: dt.datetime) -> None:
        self._zone, self._language = timezone.get_current_timezone(), get_language()
        self._today = now.astimezone(self._zone).date()
        self._pattern = _on_day(self._language)

    def of(self, moment: dt.datetime, *, seconds: bool = False) -> str:
        local = moment.astimezone(self._zone)
        day = _day(local.date(), self._today, self._language)
        return self._pattern % {"day": day, "time": time_of_day(local, seconds=seconds)}


def on_day(day: str, time: str) -> str:
    """A day, and when on it: "today 14:02", "Fri 9 May between 14:02 and 14:07"."""
    return _on_day(get_language()) % {"day": day, "time": time}


@lru_cache
def _on_day(_language: str | None) -> str:
    return pgettext("a day and a time on it", "%(day)s %(time)s")


def full(moment: dt.datetime) -> str:
    """Leaves nothing open but the zone: "3 May 2026 14:00"."""
    local = timezone.localtime(moment)
    return _told_apart(local, date_format(local, pgettext("format of a date", "j F Y H:i")))


def asked(moment: dt.datetime) -> str:
    """As `full` a moment that somebody asked about: with its seconds when it has some, "3 May 2026 14:00:05"."""
    return _to_the_second(moment) if moment.second or moment.microsecond else full(moment)


def _to_the_second(moment: dt.datetime) -> str:
    local = timezone.localtime(moment)
    return _told_apart(local, date_format(local, pgettext("format of a date", "j F Y H:i:s")))


def full_interval(first: dt.datetime, last: dt.datetime) -> tuple[str, str]:
    """Both ends as `full` tells them, with their seconds where that would be the same: a time has two ends."""
    ends = full(first), full(last)
    return ends if ends[0] != ends[1] else (_to_the_second(first), _to_the_second(last))


def exact(moment: dt.datetime) -> str:
    """Leaves nothing open, not even the zone: "3 May 2026 14:00:05 (UTC+2)"."""
    local = moment.astimezone(timezone.get_current_timezone())
    return exactly_on(local) % local.time().isoformat("seconds")


def exactly_between(after: dt.datetime, before: dt.datetime) -> str:
    """The same of both ends of an interval, the day and the zone once where they are the same."""
    zone = timezone.get_current_timezone()
    first, last = after.astimezone(zone), before.astimezone(zone)
    if first.date() != last.date() or first.utcoffset() != last.utcoffset():
        return f"{exact(first)} \N{EN DASH} {exact(last)}"
    return exactly_on(last) % times_of_day(first, last)


def times_of_day(first: dt.datetime, last: dt.datetime) -> str:
    """Two times of one day, to the second."""
    start, end = first.time().isoformat("seconds"), last.time().isoformat("seconds")
    return start if start == end else f"{start} \N{EN DASH} {end}"


def exactly_on(local: dt.datetime) -> str:
    """What a time on that day is put in, of a moment that is in the viewer's zone already."""
    return _exactly_on(local.date(), _offset(local), get_language())


@lru_cache(maxsize=1024)
def _exactly_on(date: dt.date, offset: str, _language: str | None) -> str:
    time = _("%(time)s (%(offset)s)") % {"time": "%s", "offset": offset}
    return on_day(date_format(date, pgettext("format of a date", "j M Y")), time)


def field(moment: dt.datetime) -> str:
    """As a field of a form takes it, which knows no more than seconds; never earlier, or a move then were undone."""
    if moment.microsecond:
        moment = moment.replace(microsecond=0) + dt.timedelta(seconds=1)
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M:%S" if moment.second else "%Y-%m-%dT%H:%M")


def between(after: dt.datetime | None, before: dt.datetime, now: dt.datetime | None = None) -> str:
    """The interval in which something happened; the day is said only when `now` is given, or both days differ."""
    if after is None:
        return _("before %s") % (point(before, now) if now else clock(before))
    first, last = after.astimezone(dt.UTC), before.astimezone(dt.UTC)  # two times of one zone differ by the clock
    told = interval(first, last, timezone.get_current_timezone())
    if told.is_moment:
        words = _("at %s") % clock(last)
        return on_day(day(last, now), words) if now else words
    seconds = last - first < SHORT
    if seconds:
        # Within one second the later end is told as the next one: "between" needs two times.
        last = max(last, first + dt.timedelta(seconds=1))
    words = _("between %(first)s and %(last)s")
    if told.spans_days:
        # Without a now to tell it by, the later day is no "today" either.
        now = now or last + dt.timedelta(days=2)
        return words % {"first": point(first, now, seconds=seconds), "last": point(last, now, seconds=seconds)}
    words %= {"first": clock(first, seconds=seconds), "last": clock(last, seconds=seconds)}
    return on_day(day(last, now), words) if now else words


def zone(moment: dt.datetime) -> str:
    """The zone that all times of the page are in, and what it is from UTC at that moment: "Europe/Berlin (UTC+2)"."""
    return "UTC" if zone_name() == "UTC" else f"{zone_name()} ({_offset(timezone.localtime(moment))})"


def _offset(local: dt.datetime) -> str:
    """How far the clocks are from UTC: "UTC+2"."""
    minutes = int((local.utcoffset() or dt.timedelta()).total_seconds()) // 60
    if not minutes:
        return "UTC"
    sign, (hours, rest) = "\N{MINUS SIGN}" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}{f':{rest:02}' if rest else ''}"


def zone_name() -> str:
    """The name of the place, not the abbreviation that changes with the season."""
    zone = timezone.get_current_timezone()
    return getattr(zone, "key", None) or str(zone)
