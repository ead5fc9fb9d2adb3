"""What an address asks for, read from its query; what cannot be read is answered with words, not with a guess."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tags.moments import InvalidMoment, parse_moment
from tags.pages.shortcuts import shortcuts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

YEARS = range(1970, 3000)  # beyond these, some zones' clocks fall out of the calendar


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


def text_of(request: HttpRequest, name: str = "q") -> str:
    # No name holds a NUL, and PostgreSQL refuses to look for one.
    return request.GET.get(name, "").replace("\0", "").strip()


def moment_of(request: HttpRequest, name: str = "at") -> dt.datetime | None:
    """The moment a page is asked about; None: now. Raises BadAddress."""
    text = text_of(request, name)
    return read_moment(text) if text else None


def read_moment(text: str) -> dt.datetime:
    """Raises BadAddress."""
    try:
        moment = parse_moment(text)
    except InvalidMoment as error:
        raise BadAddress(str(error)) from error
    if moment.year not in YEARS:
        raise BadAddress(_("The year %d is too far away: nobody watched then.") % moment.year)
    return moment


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
    stamp, _tilde, pk = text.partition("~")
    try:
        return read_moment(stamp), int(pk[:18])
    except ValueError as error:
        raise BadAddress(_("“%s” is no place in this list: go back to its beginning.") % text) from error


def cursor(before: dt.datetime, pk: int) -> str:
    return f"{before.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{pk}"
