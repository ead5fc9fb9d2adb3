"""What an address asks for, read from its query; what cannot be read is answered with words, not with a guess."""

from __future__ import annotations

import datetime as dt
from functools import wraps
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext as _

from tags.moments import InvalidMoment, parse_moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

YEARS = range(1970, 3000)  # beyond these, some zones' clocks fall out of the calendar


class BadAddress(ValueError):
    """The query cannot be read; the message tells a person what to write."""


def explain_bad_addresses(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except BadAddress as error:
            return render(request, "400.html", {"reason": str(error)}, status=400)

    return answer


def text_of(request: HttpRequest, name: str = "q") -> str:
    return request.GET.get(name, "").strip()


def moment_of(request: HttpRequest, name: str = "at") -> dt.datetime | None:
    """The moment a page is asked about; None: now. Raises BadAddress."""
    text = text_of(request, name)
    if not text:
        return None
    try:
        moment = parse_moment(text)
    except InvalidMoment as error:
        raise BadAddress(str(error)) from error
    if moment.year not in YEARS:
        raise BadAddress(_("The year %d is too far away: nobody watched then.") % moment.year)
    return moment


def cursor_of(request: HttpRequest) -> tuple[dt.datetime, int] | None:
    """Where a list goes on: the time and id of the last movement shown. Raises BadAddress."""
    text = text_of(request, "cursor")
    if not text:
        return None
    stamp, _tilde, pk = text.partition("~")
    try:
        return parse_moment(stamp), int(pk[:18])
    except (InvalidMoment, ValueError) as error:
        raise BadAddress(_("“%s” is no place in this list: go back to its beginning.") % text) from error


def cursor(before: dt.datetime, pk: int) -> str:
    return f"{before.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{pk}"
