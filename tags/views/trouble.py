"""What is answered when an error keeps a view from answering: of a database in trouble its own page, with a 503."""

from __future__ import annotations

import sqlite3
import sys
from enum import Enum
from typing import TYPE_CHECKING

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.defaults import server_error

from tags.views.exports import is_export

if TYPE_CHECKING:
    from django.http import HttpRequest

# PostgreSQL's codes: waited too long for a lock or an answer, or was the one to give way.
BUSY = ("55P03", "57014", "40P01", "40001")
# They begin so: no connection, too many of them, the server ends or begins.
AWAY = ("08", "53300", "57P")
SQLITE_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class Trouble(Enum):
    """Heading, words, and after how many seconds to ask again."""

    BUSY = _("The database is busy"), _("Nothing was changed. Try again in a moment."), 5
    AWAY = _("The database cannot be reached"), _("Nothing can be shown until it is back. Try again in a minute."), 30


def trouble_of(error: BaseException | None) -> Trouble | None:
    """What passes without anybody mending it; None for any other error."""
    if isinstance(error, InterfaceError):
        return Trouble.AWAY
    if not isinstance(error, OperationalError):
        return None
    told = error.__cause__
    if isinstance(told, sqlite3.Error):
        code = getattr(told, "sqlite_errorcode", 0) & 0xFF  # the rest tells details
        if code in SQLITE_BUSY:
            return Trouble.BUSY
        return Trouble.AWAY if code == sqlite3.SQLITE_CANTOPEN else None
    state = getattr(told, "sqlstate", None)
    if state is None or state.startswith(AWAY):  # without a code the client could not ask, or got no answer
        return Trouble.AWAY
    return Trouble.BUSY if state in BUSY else None


def answer(request: HttpRequest) -> HttpResponse:
    """Django's handler of errors: asked while one is being handled. What the database said stands in the log alone."""
    trouble = trouble_of(sys.exc_info()[1])
    if trouble is None:
        return server_error(request)
    heading, words, seconds = trouble.value
    headers = {"Retry-After": str(seconds)}
    if request.resolver_match and getattr(request.resolver_match.func, "is_for_programs", False):
        with translation.override("en"):
            return JsonResponse({"detail": f"{heading}. {words}"}, status=503, headers=headers)
    if is_export(request):
        plain = "text/plain; charset=utf-8"
        return HttpResponse(f"{heading}. {words}\n", content_type=plain, status=503, headers=headers)
    # Without the request: who asks would be read from the database.
    return HttpResponse(render_to_string("503.html", {"heading": heading, "words": words}), status=503, headers=headers)
