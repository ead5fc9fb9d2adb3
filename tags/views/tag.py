"""Everything about one tag: now or then, since when, all its movements, checked when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from tags.pages.freshness import freshness, swept_at
from tags.pages.tag import comparisons, formers, place_of
from tags.views.asking import as_of, page_view
from tags.views.exports import export, export_format
from tags.views.finding import elsewhere, find_tag, no_such_tag
from tags.views.timeline import COLUMNS, beginning, feed, listed, picture, rows
from tags.views.window import asked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

    from tags.registry import Reference


@page_view
def tag(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    found = find_tag(reference)
    if found is None:
        return no_such_tag(request, reference)
    repository = found.repository
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    ask, wanted = as_of(request), export_format(request)
    moves = found.movements.all()
    oldest, kept_since = beginning(found.first_seen_at, moves), repository.coverage.kept_since()
    window = asked(request, ask, oldest, kept_since=kept_since, tells_problems=not wanted)
    if wanted:
        return export(wanted, found.name, COLUMNS, rows(window.of(moves)))
    place = place_of(found, ask.moment, ask.now)
    return render(
        request,
        "tags/tag.html",
        {
            "page": "board",
            "repository": repository,
            "tag": found,
            "freshness": freshness(repository, ask.now, found),
            "is_swept": swept_at(repository.looks, found) is not None,
            "feed": feed(found.get_absolute_url(), window),
            "page_url": request.build_absolute_uri(found.get_absolute_url()),
            "badge": request.build_absolute_uri(f"/badge{found.get_absolute_url()}"),
            "place": place,
            "compared": comparisons(found, moves, ask.moment, ask.now),
            "was_on": formers(moves, ask.moment, place),
            **ask.context,
            **picture(window, [found]),
            **listed(request, window, window.of(moves), repository),
        },
    )
