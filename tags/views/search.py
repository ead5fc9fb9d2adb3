"""Where is it? One field for registries, images, pointers, versions and digests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from tags.models import Image, Repository
from tags.models.searching import SHORTEST_PART
from tags.pages.search import MOST, Kind, described, search, suggestions
from tags.registry import Reference
from tags.views.asking import as_of, page_view, text_of
from tags.views.exports import export, export_format
from tags.views.finding import find, find_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from django_stubs_ext import StrOrPromise

    from tags.pages.search import Hits
    from tags.views.asking import AsOf

LONGEST = 200  # letters, as the field has it
FEW = 10  # of each kind, where all kinds are shown
ROWS = 50
COLUMNS = ("kind", "name", "repository", "registry", "digest", "version", "state")
HEADINGS: dict[Kind, StrOrPromise] = {
    Kind.REGISTRIES: _("Registries"),
    Kind.IMAGES: _("Images"),
    Kind.POINTERS: _("Pointers"),
    Kind.VERSIONS: _("Versions"),
    Kind.DIGESTS: _("Digests"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one kind, and as much of it as is shown."""

    kind: Kind
    total: int
    there_are_more: bool
    rows: list[Any]

    @property
    def heading(self) -> StrOrPromise:
        return HEADINGS[self.kind]

    @property
    def is_cut(self) -> bool:
        return self.total > len(self.rows)


@page_view
def search_everywhere(request: HttpRequest) -> HttpResponseBase:
    ask, text = as_of(request), text_of(request)[:LONGEST]
    if wanted := export_format(request):
        return export(wanted, "search", COLUMNS, _exported(search(text, everything=True) if text else [], ask))
    found = search(text) if text else []
    only = next((hits for hits in found if hits.kind == request.GET.get("kind")), None)
    paged: Page[Any] | None = None
    if only:
        paged = Paginator(only.keys, ROWS).get_page(request.GET.get("page"))
        rows = described(only.kind, list(paged.object_list), ask.moment, ask.now)
        sections = [Section(only.kind, len(only), only.there_are_more, rows)]
    else:
        sections = [
            Section(
                hits.kind, len(hits), hits.there_are_more, described(hits.kind, hits.keys[:FEW], ask.moment, ask.now)
            )
            for hits in found
        ]  # fmt: skip
    return render(
        request,
        "tags/search.html",
        {
            "page": "search",
            "text": text,
            "direct": _direct(text) if text else None,
            "sections": sections,
            "only": only.kind if only else "",
            "paged": paged,
            "suggestions": suggestions(text) if text and not found else [],
            "most": MOST,
            "is_short": any(len(word) < SHORTEST_PART for word in text.split()),
            "is_empty": not text and not Repository.objects.exists(),
            **ask.context,
        },
    )


def _direct(text: str) -> tuple[str, str] | None:
    """The page that the text is the whole name of: what it is called, and its address."""
    name = text.removeprefix("https://").removeprefix("http://").strip("/")
    digest = name.rpartition("@")[2].lower()
    if Image.objects.filter(pk=digest).exists():
        return digest, f"/{digest}/"
    try:
        reference = Reference.parse(name)
    except ValueError:
        return None
    if reference.tag:
        tag = find_tag(reference)
        return (str(tag), tag.get_absolute_url()) if tag else None
    repository = find(reference)
    return (str(repository), repository.get_absolute_url()) if repository else None


def _exported(found: Iterable[Hits], ask: AsOf) -> Iterator[tuple[object, ...]]:
    for hits in found:
        for start in range(0, len(hits), ROWS):
            for row in described(hits.kind, hits.keys[start : start + ROWS], ask.moment, ask.now):
                yield _line(hits.kind, row)


def _line(kind: Kind, row: Any) -> tuple[object, ...]:
    if kind is Kind.REGISTRIES:
        return "registry", row.name or row.address, None, row.address, None, None, None
    if kind is Kind.IMAGES:
        return "repository", row.name, row.reference, row.registry.address, None, None, None
    if kind is Kind.DIGESTS:
        return "digest", row.digest, None, None, row.digest, None, None
    where = row.tag.repository
    return (
        row.tag.role,
        row.tag.name,
        where.reference,
        where.registry.address,
        row.digest,
        row.version,
        row.state,
    )
