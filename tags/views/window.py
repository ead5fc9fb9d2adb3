"""Which part of a timeline an address asks for: a span up to now, or a time from … to …"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tags.models import Movement
from tags.pages.lanes import Window
from tags.registry import is_tag_name
from tags.views.asking import BadAddress, moment_of, text_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.utils.functional import Promise

    from tags.models.movement import MovementQuerySet

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
# So much of the picture lies before the first look: what begins with it is seen to begin.
MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class Asked:
    """`is_bounded`: people chose the time, so that the list keeps to it, too."""

    window: Window
    span: str
    is_bounded: bool
    tags: tuple[str, ...]
    kinds: tuple[str, ...]

    def of(self, movements: MovementQuerySet) -> MovementQuerySet:
        """Those of the movements that fit tag, kind and time."""
        if self.is_bounded:
            movements = movements.filter(before__gt=self.window.start, before__lte=self.window.end)
        if self.tags:
            movements = movements.filter(tag__name__in=self.tags)
        return movements.filter(kind__in=self.kinds) if self.kinds else movements

    @property
    def is_filtered(self) -> bool:
        return bool(self.tags or self.kinds)

    @property
    def earlier(self) -> tuple[str, str]:
        """From and to of the time as long before this one."""
        return _stamps(self.window.start - self._length, self.window.start)

    @property
    def later(self) -> tuple[str, str] | None:
        """From and to of the time as long after this one; None when that is still to come."""
        end = min(self.window.end + self._length, self.window.now)
        return _stamps(end - self._length, end) if self.window.end < self.window.now else None

    @property
    def _length(self) -> dt.timedelta:
        return self.window.end - self.window.start


def asked(request: HttpRequest, now: dt.datetime, oldest: dt.datetime | None) -> Asked:
    """Read span, from, to, tag and kind; `oldest` is where "all" begins. Raises BadAddress."""
    start, end = moment_of(request, "from"), moment_of(request, "to")
    if end and _is_day(text_of(request, "to")):
        end += dt.timedelta(days=1)  # the day that is named is meant as a whole
    span = text_of(request, "span") or ("" if start or end else _default(now, oldest))
    if span and span not in SPANS:
        raise BadAddress(_("“%s” is no span: choose day, week, month, quarter or all.") % span)
    tags = tuple(request.GET.getlist("tag"))
    if not all(map(is_tag_name, tags)):
        raise BadAddress(_("“%s” is no tag's name.") % ", ".join(tags))
    kinds = tuple(kind for kind in request.GET.getlist("kind") if kind)
    if not set(kinds) <= set(Movement.KINDS):
        raise BadAddress(_("“%s” is no kind of movement.") % ", ".join(kinds))
    is_bounded = bool(start or end or request.GET.get("span"))
    return Asked(_window(start, end, span, now, oldest), span, is_bounded, tags, kinds)


def _window(
    start: dt.datetime | None, end: dt.datetime | None, span: str, now: dt.datetime, oldest: dt.datetime | None
) -> Window:
    end = min(end or now, now)
    first = min(oldest or end, end - SHORTEST)
    first -= (end - first) * MARGIN
    if start is None:
        days = SPANS[span][0] if span else MONTH
        start = first if days is None else end - dt.timedelta(days=days)
    if start >= end:
        raise BadAddress(_("The time ends before it begins: choose an earlier “from” or a later “to”."))
    return Window(start, end, now)


def _default(now: dt.datetime, oldest: dt.datetime | None) -> str:
    """The span of who chose none: a month would be an almost empty picture on the first days."""
    is_young = oldest is not None and now - oldest < dt.timedelta(days=MONTH)
    return "all" if is_young else "month"


def _is_day(text: str) -> bool:
    return "T" not in text and ":" not in text


def _stamps(start: dt.datetime, end: dt.datetime) -> tuple[str, str]:
    return f"{start.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}", f"{end.astimezone(dt.UTC):%Y-%m-%dT%H:%MZ}"
