"""Which version is each deployment tag of each image on, everywhere, and what changed there since?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render

from tags.pages import board as boards
from tags.pages import clock
from tags.pages.shortcuts import shortcuts
from tags.pages.since import Sinces
from tags.views.asking import as_of, moment_of, page_view, text_of
from tags.views.exports import export, export_format
from tags.views.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

ROWS = 100
COLUMNS = (
    "repository", "tag", "version", "digest", "after", "before", "state", "checked_at", "reason",
    "moving_to", "moving_after", "moving_before",
)  # fmt: skip
COMPARED = ("changed", "version_before", "digest_before", "state_before", "reason_before")


@page_view
def board(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    ask, than = as_of(request), moment_of(request, "than")
    chosen = tuple(dict.fromkeys(filter(None, request.GET.getlist("columns"))))
    is_narrowed = than is not None and bool(text_of(request, "changed"))
    asked = boards.Asked(ask.moment, ask.now, than, text_of(request), chosen, is_narrowed)
    found = boards.board(asked)
    if wanted := export_format(request):
        return export(wanted, "board", (*COLUMNS, *COMPARED) if than else COLUMNS, _lines(found))
    page = Paginator(found.repositories, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "tags/board.html",
        {
            "page": "board",
            "board": found,
            "page_of_rows": page,
            "rows": boards.rows(found, list(page.object_list)),
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
        for row in boards.rows(found, found.repositories[start : start + ROWS]):
            if row.unknown:
                nothing = (
                    row.repository.reference,
                    "",
                    None,
                    None,
                    None,
                    None,
                    "unknown",
                    None,
                    row.unknown,
                    None,
                    None,
                    None,
                )
                yield (*nothing, *_compared(row, None)) if found.asked.than else nothing
            for cell in row.all_cells:
                if cell.name in found.columns or not found.are_chosen:
                    line = _line(row, cell, is_now=found.asked.moment is None)
                    yield (*line, *_compared(row, cell)) if found.asked.than else line


def _line(row: boards.Row, cell: boards.Cell, *, is_now: bool) -> tuple[object, ...]:
    tag = cell.tag
    checked_at, reason = (row.freshness.checked_at, row.freshness.reason) if is_now else (None, "")
    if tag is None:
        gone = (row.repository.reference, cell.name, None, None, None, None, "removed", checked_at, reason)
        return *gone, None, None, None
    return (
        row.repository.reference, cell.name, cell.version, tag.digest, tag.after, tag.before, tag.state,
        checked_at, reason, cell.leaving_to, tag.leaving_after, tag.leaving_before,
    )  # fmt: skip


def _compared(row: boards.Row, cell: boards.Cell | None) -> tuple[object, ...]:
    """Only of what changed it is said what was there before; whether it did may not be known, while something moves."""
    if row.unknown or row.unknown_before:
        return None, None, None, "unknown" if row.unknown_before else None, row.unknown_before
    if cell is None or not cell.changed:
        return None if cell and cell.is_unsure else False, None, None, None, ""
    stood = cell.before
    return True, cell.version_before, stood and stood.digest, stood.state if stood else "absent", ""
