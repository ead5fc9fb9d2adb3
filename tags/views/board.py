"""Which version is each deployment tag of each image on, everywhere, and what changed there since?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.core.paginator import Paginator
from django.shortcuts import render

from tags.pages import board as boards
from tags.pages import clock
from tags.pages.boardrows import rows
from tags.pages.shortcuts import shortcuts
from tags.pages.since import Sinces
from tags.views.asking import as_of, moment_of, page_view, text_of
from tags.views.exports import export, export_format
from tags.views.worker import worker

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

    from tags.pages.boardrows import Cell, Row

ROWS = 100


class Line(NamedTuple):
    """What an export tells of a cell, column by column."""

    repository: str
    tag: str = ""
    version: str | None = None
    digest: str | None = None
    after: dt.datetime | None = None
    before: dt.datetime | None = None
    state: str = "unknown"
    checked_at: dt.datetime | None = None
    reason: str = ""
    moving_to: str | None = None
    moving_after: dt.datetime | None = None
    moving_before: dt.datetime | None = None


class Compared(NamedTuple):
    """What it tells beside that of the moment compared with: only of what changed what was there before."""

    changed: bool | None = None
    version_before: str | None = None
    digest_before: str | None = None
    state_before: str | None = None
    reason_before: str = ""


@page_view
def board(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    ask, than = as_of(request), moment_of(request, "than")
    chosen = tuple(dict.fromkeys(filter(None, request.GET.getlist("columns"))))
    is_narrowed = than is not None and bool(text_of(request, "changed"))
    asked = boards.Asked(ask.moment, ask.now, than, text_of(request), chosen, is_narrowed)
    found = boards.board(asked)
    if wanted := export_format(request):
        return export(wanted, "board", (*Line._fields, *Compared._fields) if than else Line._fields, _lines(found))
    page = Paginator(found.repositories, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "tags/board.html",
        {
            "page": "board",
            "board": found,
            "page_of_rows": page,
            "rows": rows(found, list(page.object_list)),
            "sinces": Sinces(ask.now, ask.point),
            "text": asked.text,
            "than": than,
            "than_in_words": than and clock.point(than, ask.now),
            "is_later": than is not None and than > ask.point,
            "than_shortcuts": [shortcut for shortcut in shortcuts(ask.now) if shortcut.moment < ask.point],
            "only_changed": asked.only_changed,
            **worker(ask.now),
            **ask.context,
        },
    )


def _lines(found: boards.Board) -> Iterator[tuple[object, ...]]:
    """A line for each cell, of all pages; of an image of which nothing is known, one that says why."""
    for start in range(0, len(found.repositories), ROWS):
        for row in rows(found, found.repositories[start : start + ROWS]):
            if row.unknown:
                nothing = Line(row.repository.reference, reason=row.unknown)
                yield (*nothing, *_compared(row, None)) if found.asked.than else nothing
            for cell in row.all_cells:
                if cell.name in found.columns or not found.are_chosen:
                    line = _line(row, cell, is_now=found.asked.moment is None)
                    yield (*line, *_compared(row, cell)) if found.asked.than else line


def _line(row: Row, cell: Cell, *, is_now: bool) -> Line:
    tag = cell.tag
    line = Line(row.repository.reference, cell.name, state="removed")
    if tag:
        line = Line(
            row.repository.reference, cell.name, cell.version, tag.digest, *tag.since, tag.state,
            moving_to=cell.leaving_to, moving_after=tag.leaving_after, moving_before=tag.leaving_before,
        )  # fmt: skip
    return line._replace(checked_at=row.freshness.checked_at, reason=row.freshness.reason) if is_now else line


def _compared(row: Row, cell: Cell | None) -> Compared:
    """Whether it changed may not be known, while something moves."""
    if row.unknown_before:
        return Compared(state_before="unknown", reason_before=row.unknown_before)
    if row.unknown or cell is None or cell.is_unsure:
        return Compared()
    if not cell.changed:
        return Compared(changed=False)
    stood = cell.before
    return Compared(True, cell.version_before, stood and stood.digest, stood.state if stood else "absent")
