"""Has this version ever been in production? Versions by pointers, of one repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render

from tags.pages.answers import answers
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.matrix import Row, add_arrivals, matrix
from tags.views.asking import as_of, page_view, text_of
from tags.views.exports import export, export_format, no_export
from tags.views.finding import elsewhere, find, not_watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from tags.models import Repository
    from tags.pages.matrix import Cell
    from tags.registry import Reference

ROWS = 50
COLUMNS = (
    "repository", "version", "also_called", "digest", "tag", "state", "order", "times", "after", "before", "until",
    "moving_to", "moving_after", "moving_before", "build",
)  # fmt: skip


@page_view
def versions_by_pointers(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, found.matrix_url):
        return away
    ask, text = as_of(request), text_of(request)
    moment, now = ask.moment, ask.now
    unknown = unknown_because([found], moment, now).get(found.pk, "") if moment else ""
    everything = request.GET.get("rows") == "all"
    wanted = export_format(request)
    picture = matrix(found, moment, text, request.GET.getlist("pointer"), everything=everything, is_uncut=bool(wanted))
    if wanted:
        if unknown:
            return no_export(unknown)
        never = "unknown" if picture.watch.is_cut else "never"
        return export(wanted, f"versions-{found.reference}", COLUMNS, _exported(found, picture.rows, never))
    rows = Paginator(picture.rows, ROWS).get_page(request.GET.get("page"))
    named = picture.named(text)
    add_arrivals([*rows.object_list, *named])
    return render(
        request,
        "tags/matrix.html",
        {
            "page": "board",
            "repository": found,
            "freshness": freshness(found, now),
            "matrix": picture,
            "rows": rows,
            "answers": [] if unknown else list(answers(named, picture.columns, picture.watch, text, ask.point)),
            "everything": everything,
            "unknown": unknown,
            "text": text,
            **ask.context,
        },
    )


def _exported(repository: Repository, rows: Iterable[Row], never: str) -> Iterator[tuple[object, ...]]:
    """One line for each version and pointer that is or was on it; a version on which none was has one line: `never`."""
    rows = list(rows)
    add_arrivals(rows)
    for row in rows:
        facts = (repository.reference, row.version, tuple(row.also_called), sorted(row.digests))
        for cell in filter(None, row.in_order):
            after, before = (cell.now.after, cell.now.before) if cell.now else (None, cell.came)
            told = (cell.column.name, cell.state, cell.order, cell.times, after, before, cell.left)
            yield *facts, *told, *_ahead(row, cell), cell.build or None
        if not any(row.in_order):
            yield *facts, None, never, None, 0, None, None, None, None, None, None, None


def _ahead(row: Row, cell: Cell) -> tuple[object, ...]:
    """The move that was under way."""
    moving = cell.moving
    to = row.name if cell.coming else cell.leaving_to or None
    return to, moving and moving.leaving_after, moving and moving.leaving_before
