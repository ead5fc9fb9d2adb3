"""Which tags are the same image in this repository?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.repository import every_tag, inventory_of, picture
from tags.pages.whatiswhere import By, Inventory
from tags.versions import Role
from tags.views.asking import as_of, page_view, text_of
from tags.views.exports import export, export_format, no_export
from tags.views.finding import elsewhere, find, not_watched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpRequest, HttpResponseBase

    from tags.pages.whatiswhere import TagRow
    from tags.registry import Reference

COLUMNS = (
    "repository", "name", "role", "digest", "version", "aliases", "after", "before", "created", "size", "platforms",
    "state", "moving_to", "moving_after", "moving_before",
)  # fmt: skip


@page_view
def repository(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    ask, text, by = as_of(request), text_of(request), _by(request)
    moment = ask.moment
    unknown = unknown_because([found], moment, ask.now).get(found.pk, "") if moment else ""
    inventory = Inventory([], text) if unknown else inventory_of(found, moment, text)
    if wanted := export_format(request):
        if unknown:
            return no_export(unknown)
        lines = _lines(str(found.reference), every_tag(found, inventory, by, moment))
        return export(wanted, found.name, COLUMNS, lines)
    return render(
        request,
        "tags/repository.html",
        {
            "page": "board",
            "repository": found,
            "freshness": freshness(found, ask.now),
            "by": by.value,
            "unknown": unknown,
            "text": text,
            "inventory": inventory,
            **picture(found, inventory, by, request.GET.get("page"), moment)._asdict(),
            **ask.context,
        },
    )


def _by(request: HttpRequest) -> By:
    try:
        return By(text_of(request, "by"))
    except ValueError:
        return By.VERSION


def _lines(reference: str, rows: Iterable[TagRow]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        tag, image = row.tag, row.image
        yield (
            reference, tag.name, Role(tag.role).value, tag.digest, row.group and row.group.version, row.aliases,
            *tag.since, image and image.created, image and image.size,
            tuple(image.platforms) if image else (), tag.state,
            row.leaving_to, tag.leaving_after, tag.leaving_before,
        )  # fmt: skip
