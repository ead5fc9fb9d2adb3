"""What an address asks for, read from its query; what cannot be read is answered with words, not with a guess."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from tags.moments import InvalidMoment, has_zone, parse_moment, stamp
from tags.pages import clock
from tags.pages.shortcuts import shortcuts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest, QueryDict
    from django.http.response import HttpResponseBase

YEARS = range(1969, 3000)  # in UTC: 1970 has begun then in the east; beyond these, clocks fall out of the calendar
MOMENTS = ("at", "from", "to", "than")
SIDES = ("a", "b")  # of a comparison: a moment may stand behind an @


class BadAddress(ValueError):
    """The query cannot be read; the message tells a person what to write."""


def explain_bad_addresses(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except BadAddress as error:
            return render(request, "400.html", {"reason": str(error)}, status=400)

    return answer


def page_view(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page that people send each other: what they wrote as in their own zone is asked for again, exactly."""
    explained = explain_bad_addresses(view)

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        exact = _exact(request)
        # Programs, which ask for a format, need not follow.
        if exact != request.GET and "format" not in request.GET:
            return redirect(f"{request.path}?{exact.urlencode()}")
        return explained(request, *args, **kwargs)

    return answer


def _exact(request: HttpRequest) -> QueryDict:
    """What is asked for, with all moments in UTC: whoever is sent the address may live in another zone."""
    query = request.GET.copy()
    for name in MOMENTS:
        if texts := query.getlist(name):
            query[name] = _exact_moment(name, texts[-1], texts[:-1])
    for name in SIDES:
        tag, at, when = query.get(name, "").partition("@")
        if at:
            query[name] = f"{tag}@{_exact_moment(name, when, [])}"
    return query


def _exact_moment(name: str, text: str, shown: Sequence[str]) -> str:
    """The moment as a stamp; one of `shown` when the text is what a field makes of it, as of one nobody touched."""
    try:
        if has_zone(text):
            return text
        untouched = [moment for moment in shown if clock.field(read_moment(moment)) == text]
        return untouched[0] if untouched else stamp(read_end(text) if name == "to" else read_moment(text))
    except (BadAddress, InvalidMoment):
        return text  # the page will explain it, where it is one at all


def text_of(request: HttpRequest, name: str = "q") -> str:
    # No name holds a NUL, and PostgreSQL refuses to look for one.
    return request.GET.get(name, "").replace("\0", "").strip()


def moment_of(request: HttpRequest, name: str = "at") -> dt.datetime | None:
    """The moment a page is asked about; None: now. Raises BadAddress."""
    text = text_of(request, name)
    # A field that keeps its exact moment sends both.
    return read_moment(_exact_moment(name, text, request.GET.getlist(name)[:-1])) if text else None


def read_moment(text: str) -> dt.datetime:
    """Raises BadAddress."""
    try:
        moment = parse_moment(text)
    except InvalidMoment as error:
        raise BadAddress(str(error)) from error
    if moment.year not in YEARS:
        raise BadAddress(_("“%s” is too far away: nobody watched then.") % text)
    return moment


def read_end(text: str) -> dt.datetime:
    """The end of a time: a day that is named is meant as a whole. Raises BadAddress."""
    moment = read_moment(text)
    return (timezone.localtime(moment) + dt.timedelta(days=1)).astimezone(dt.UTC) if _is_day(text) else moment


def _is_day(text: str) -> bool:
    return "T" not in text and ":" not in text


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment a page is about: the one asked for or, `moment` None, now."""

    moment: dt.datetime | None
    now: dt.datetime

    @property
    def point(self) -> dt.datetime:
        return self.moment or self.now

    @property
    def context(self) -> dict[str, Any]:
        """What base.html and the tags of times need to know of it."""
        return {"moment": self.moment, "now": self.now, "as_of": self.point, "shortcuts": shortcuts(self.now)}


def as_of(request: HttpRequest) -> AsOf:
    """What `?at=` asks for. Raises BadAddress."""
    return AsOf(moment_of(request), timezone.now())


def cursor_of(request: HttpRequest) -> tuple[dt.datetime, int] | None:
    """Where a list goes on: the time and id of the last movement shown. Raises BadAddress."""
    text = text_of(request, "cursor")
    if not text:
        return None
    before, _tilde, pk = text.partition("~")
    try:
        return read_moment(before), int(pk[:18])
    except ValueError as error:
        raise BadAddress(_("“%s” is no place in this list: go back to its beginning.") % text) from error


def cursor(before: dt.datetime, pk: int) -> str:
    return f"{stamp(before)}~{pk}"
