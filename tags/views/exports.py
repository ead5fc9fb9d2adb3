"""What a page's filter shows as CSV or JSON, row by row: `?format=csv` on any page that has rows."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from tags.moments import utc
from tags.views.asking import BadAddress, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.http import HttpRequest

FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
# A spreadsheet takes for a formula what begins so, after whatever it passes over; and where it splits at semicolons or
# tabs, as many countries' do, a cell begins in the middle of ours. A quote in front makes it text.
STARTS = re.compile(r"(?:^|(?<=[;\t\r\n]))(?=[\s\"'`\u200b\u2060\ufeff]{0,64}[=+\-@\uff1d\uff0b\uff0d\uff20])")
BEGINS_LIKE_ONE = ("\t", "\r", "\n")
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
LONGEST_NAME = 120


def is_export(request: HttpRequest) -> bool:
    """Whether a file is asked for in place of the page."""
    return bool(text_of(request, "format"))


def export_format(request: HttpRequest) -> str:
    """Which export is asked for; empty: the page itself. Raises BadAddress."""
    asked = text_of(request, "format")
    if asked and asked not in FORMATS:
        raise BadAddress(_("“%s” is no format: choose csv or json.") % asked)
    return asked


def export(format_: str, name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """Stream `rows`, whose values stand in the order of `columns`; times become RFC 3339 in UTC, lists one cell.

    `name` is that of the file, without its extension. The first row is asked for at once: what fails then fails as a
    page does, and what fails later cuts the answer off, so that nobody takes a part for the whole.
    """
    following = iter(rows)
    rows = chain(list(islice(following, 1)), following)
    lines = _csv(columns, rows) if format_ == "csv" else _json(columns, rows)
    response = StreamingHttpResponse(lines, content_type=FORMATS[format_])
    response.headers["Content-Disposition"] = f'attachment; filename="{_file_name(name)}.{format_}"'
    return response


def no_export(reason: str) -> HttpResponse:
    """In place of a file in which nothing would be, as if there had been nothing: nobody knows."""
    return no_file(_("Not known: %s.") % reason)


def no_file(words: str) -> HttpResponse:
    """In place of a file of what is not there; and of a page, for who asked for a file may not be let in to pages."""
    return HttpResponse(f"{words}\n", content_type="text/plain; charset=utf-8", status=404)


def harmless(cell: str) -> str:
    """The cell as a spreadsheet will not run it."""
    cell = STARTS.sub("'", cell)
    return f"'{cell}" if cell.startswith(BEGINS_LIKE_ONE) else cell


class _Line:
    """What csv writes to: it gives the line back."""

    def write(self, line: str) -> str:
        return line


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow(map(_cell, row))


def _cell(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, list):
        plain = ", ".join(map(str, plain))
    # A number is no text that somebody else wrote: -1 stays what it is.
    text = "" if plain is None else str(plain)
    return text if isinstance(plain, (int, float)) else harmless(text)


def _json(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    before = "["
    for row in rows:
        item = dict(zip(columns, map(_plain, row), strict=True))
        yield f"{before}\n{json.dumps(item, ensure_ascii=False)}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return utc(value)
    if isinstance(value, (str, Promise)):
        return UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))
    return [_plain(one) for one in value] if isinstance(value, (tuple, list)) else value


def _file_name(name: str) -> str:
    """The name in letters that every file system and header takes."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")
    return safe[:LONGEST_NAME] or "export"
