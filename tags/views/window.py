"""Which part of a timeline an address asks for: a span up to now, or a time from … to …"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tags.models import Movement, Repository
from tags.moments import stamp
from tags.pages.lanes import Window
from tags.registry import is_tag_name
from tags.views.asking import YEARS, BadAddress, moment_of, read_end, text_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    from tags.models.movement import MovementQuerySet
    from tags.models.tag import TagQuerySet
    from tags.views.asking import AsOf

MONTH = 30  # days
SPANS: dict[str, tuple[int | None, str | Promise]] = {
    "day": (1, gettext_lazy("Day")),
    "week": (7, gettext_lazy("Week")),
    "month": (MONTH, gettext_lazy("Month")),
    "quarter": (91, gettext_lazy("Quarter")),
    "all": (None, gettext_lazy("All")),
}
# Never less than this is shown: after the first look there would be nothing to see in a few seconds' time.
SHORTEST = dt.timedelta(minutes=1)
# Half of what is shown must still be worth a picture.
SHORTEST_TO_HALVE = dt.timedelta(minutes=4)
LONGEST_TO_DOUBLE = dt.timedelta(days=20 * 365)
# So much of the picture lies before the first look: what begins with it is seen to begin.
MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """`is_bounded`: people chose the time, so that the list keeps to it, too. `text`: part of an image's name.

    `start` and `end` are what they wrote; `problem` says why that is no time, and then there is nothing to show.
    """

    window: Window
    span: str
    is_bounded: bool
    tags: tuple[str, ...]
    kinds: tuple[str, ...]
    text: str = ""
    oldest: dt.datetime | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    problem: str = ""

    @property
    def ends_before_watching(self) -> bool:
        """Whether nobody had looked yet in all of this time: then what there was is not known."""
        return self.oldest is not None and self.window.end <= self.oldest

    def of(self, movements: MovementQuerySet) -> MovementQuerySet:
        """Those of the movements that fit image, tag, kind and time."""
        if self.problem:
            return movements.none()
        if self.is_bounded:
            # A time leaves its end to the one that follows; the last one is told up to the page's moment and with it.
            until = None if self.window.end == self.window.last else self.window.end
            movements = movements.between(self.window.start, until)
        if self.window.moment:
            movements = movements.filter(before__lte=self.window.last)
        if self.text:
            movements = movements.filter(repository__in=Repository.objects.containing(self.text))
        if self.tags:
            movements = movements.filter(tag__name__in=self.tags)
        return movements.filter(kind__in=self.kinds) if self.kinds else movements

    def of_tags(self, tags: TagQuerySet) -> TagQuerySet:
        """Those of the tags that fit image and name."""
        if self.problem:
            return tags.none()
        if self.text:
            tags = tags.filter(repository__in=Repository.objects.containing(self.text))
        return tags.filter(name__in=self.tags) if self.tags else tags

    @property
    def is_filtered(self) -> bool:
        return bool(self.tags or self.kinds or self.text)

    @property
    def earlier(self) -> tuple[str, str] | None:
        """From and to of the time as long before this one; None where nobody looked yet, or that is too far away."""
        if self._begins_before_watching or (self.window.start - self._length).year not in YEARS:
            return None
        return _stamps(self.window.start - self._length, self.window.start)

    @property
    def later(self) -> tuple[str, str] | None:
        """From and to of the time as long after this one; None when that is still to come."""
        last = self.window.last
        end = min(self.window.end + self._length, last)
        return _stamps(end - self._length, end) if self.window.end < last else None

    @property
    def closer(self) -> tuple[str, str] | None:
        """From and to of the middle half; None when that would be too short to see anything."""
        if self._length < SHORTEST_TO_HALVE:
            return None
        return _stamps(self.window.start + self._length / 4, self.window.end - self._length / 4)

    @property
    def wider(self) -> tuple[str, str] | None:
        """From and to of twice the time around this one, no later than the page's moment.

        None for too long a time, or when there is nothing on either side of this one.
        """
        if self._begins_before_watching and self.window.end >= self.window.last:
            return None
        end = min(self.window.end + self._length / 2, self.window.last)
        if self._length > LONGEST_TO_DOUBLE or (end - 2 * self._length).year not in YEARS:
            return None
        return _stamps(end - 2 * self._length, end)

    @property
    def _begins_before_watching(self) -> bool:
        return self.oldest is None or self.window.start <= self.oldest

    @property
    def _length(self) -> dt.timedelta:
        return self.window.end - self.window.start


def asked(
    request: HttpRequest,
    ask: AsOf,
    oldest: dt.datetime | None,
    around: dt.datetime | None = None,
    *,
    kept_since: dt.datetime | None = None,
    tells_problems: bool = False,
) -> Asked:
    """Read span, from, to, tag, kind and part of an image's name. Raises BadAddress.

    `oldest` is the first look, where "all" begins, or with `kept_since`; `around` a moment that is to be seen when no
    time is asked for.
    With `tells_problems` a time that is none is no bad address: whoever asks tells its `problem` beside the fields.
    """
    start, until = moment_of(request, "from"), text_of(request, "to")
    end = read_end(until) if until else None
    typed = {"start": start, "end": end}
    chosen = "" if start else text_of(request, "span")
    is_bounded = bool(start or end or chosen)
    if around and around <= ask.point and not is_bounded:
        start, end = around - dt.timedelta(days=MONTH / 2), around + dt.timedelta(days=MONTH / 2)
    first = max(oldest, kept_since) if oldest and kept_since and kept_since < ask.point else oldest
    span = chosen or ("" if start or end else _default(ask.point, first))
    if span and span not in SPANS:
        raise BadAddress(_("“%s” is no span: choose day, week, month, quarter or all.") % span)
    tags = _each(request, "tag")
    if not all(map(is_tag_name, tags)):
        raise BadAddress(_("“%s” is no tag's name.") % ", ".join(tags))
    kinds = _each(request, "kind")
    if not set(kinds) <= set(Movement.KINDS):
        raise BadAddress(_("“%s” is no kind of movement.") % ", ".join(kinds))
    text = text_of(request)
    problem = ""
    window = _window(start, end, span, ask, first)
    if window.start >= window.end:
        problem = _problem(start, end, ask)
        if not tells_problems:
            raise BadAddress(problem)
        window = _window(None, None, _default(ask.point, first), ask, first)
    return Asked(window, span, is_bounded, tags, kinds, text, oldest, **typed, problem=problem)


def _problem(start: dt.datetime | None, end: dt.datetime | None, ask: AsOf) -> str:
    """Why there is nothing to see in a time that was asked for."""
    if start and (end is None or start < end):
        if start >= ask.now:
            return _("This time is still to come: choose an earlier “from”.")
        return _("This time begins after the moment you look at: choose an earlier “from”.")
    return _("The time ends before it begins: choose an earlier “from” or a later “to”.")


def _each(request: HttpRequest, name: str) -> tuple[str, ...]:
    """All values of a field that may be there several times, each once, without the empty ones that forms send."""
    return tuple(dict.fromkeys(value for value in request.GET.getlist(name) if value))


def _window(
    start: dt.datetime | None, end: dt.datetime | None, span: str, ask: AsOf, oldest: dt.datetime | None
) -> Window:
    last = min(ask.point, ask.now)
    end = min(end or last, last)
    first = min(oldest or end, end - SHORTEST)
    first -= (end - first) * MARGIN
    if start is None:
        days = SPANS[span][0] if span else MONTH
        start = first if days is None else end - dt.timedelta(days=days)
    return Window(start, end, ask.now, ask.moment)


def _default(now: dt.datetime, oldest: dt.datetime | None) -> str:
    """The span of who chose none: a month would be an almost empty picture on the first days."""
    is_young = oldest is not None and now - oldest < dt.timedelta(days=MONTH)
    return "all" if is_young else "month"


def _stamps(start: dt.datetime, end: dt.datetime) -> tuple[str, str]:
    return stamp(start), stamp(end)
