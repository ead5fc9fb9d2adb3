"""What differs between two tags, or one tag at two moments?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tags.models import CompareLink, Image, Tag
from tags.pages.alternatives import alternatives
from tags.pages.compare import MOST_OFFERED, compare, side, told
from tags.pages.versionsathand import versions_at_hand
from tags.registry import InvalidReference, Reference
from tags.versions import Role, is_floating
from tags.views.asking import BadAddress, as_of, moment_of, page_view, read_moment, text_of
from tags.views.exports import export, export_format, no_file
from tags.views.finding import find, find_tag, is_not_watched, suggestions, tag_meant, was_never_seen

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from tags.models import Repository
    from tags.pages.compare import Comparison, Side
    from tags.views.asking import AsOf

COLUMNS = ("field", "a", "b", "differs")
SIDES = ("a", "b")
EXAMPLE = "registry.example.com/shop/app:production"


@dataclass(frozen=True, slots=True)
class AskedSide:
    """A side as it is asked for; `moment` None: the page's."""

    reference: Reference
    moment: dt.datetime | None


class Meant(NamedTuple):
    """What was perhaps meant by a side that names nothing: what to call it, and the side as an address says it."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Miss:
    """A side that names what nobody has ever seen: `sentence` says what."""

    side: str
    sentence: str
    meant: tuple[Meant, ...]
    repository: Repository | None = None


def _miss(side: str, asked: AskedSide) -> Miss:
    repository = find(asked.reference)
    return _no_such_tag(side, repository, asked) if repository else _not_watched(side, asked)


def _no_such_tag(side: str, repository: Repository, asked: AskedSide) -> Miss:
    meant = tag_meant(repository, asked.reference)
    found = (Meant(meant, told(f"{repository.reference}:{meant}", asked.moment)),) if meant else ()
    return Miss(side, was_never_seen(repository, asked.reference), found, repository)


def _not_watched(side: str, asked: AskedSide) -> Miss:
    references = [f"{repository.reference}:{asked.reference.tag}" for repository in suggestions(asked.reference)]
    found = tuple(Meant(reference, told(reference, asked.moment)) for reference in references)
    return Miss(side, is_not_watched(asked.reference), found)


@page_view
def comparison(request: HttpRequest) -> HttpResponseBase:
    ask, wanted = as_of(request), export_format(request)
    try:
        asked = {name: _asked(request, name) for name in SIDES}
    except BadAddress as error:
        if wanted:
            raise
        return _page(request, ask, status=400, problem=str(error))
    if wanted and not all(asked.values()):
        raise BadAddress(_("Choose two tags, such as %(example)s.") % {"example": EXAMPLE})
    if "a_at" in request.GET or "b_at" in request.GET:
        return redirect(_address(request, asked))
    tags: dict[str, Tag] = {}
    for name, one in asked.items():
        if one is None:
            continue
        tag = find_tag(one.reference)
        if tag is None:
            miss = _miss(name, one)
            return no_file(miss.sentence) if wanted else _page(request, ask, status=404, miss=miss)
        tags[name] = tag
    sides = {
        name: side(tag, own or ask.moment, ask.now, own_moment=own is not None)
        for name, tag in tags.items()
        if (one := asked[name])
        for own in [one.moment]
    }
    if len(sides) < 2:
        return _page(request, ask, sides=sides)
    a, b = _with_images(sides["a"], sides["b"])
    found = _compared(a, b, ask.now, shows_all=text_of(request, "all") == "1")
    if wanted:
        return export(wanted, f"compare-{found.a.tag.name}-{found.b.tag.name}", COLUMNS, _rows(found))
    return _page(request, ask, sides=sides, comparison=found)


def _asked(request: HttpRequest, name: str) -> AskedSide | None:
    """The side of that name; its moment stands behind an @, or in a field of its own. Raises BadAddress."""
    text, at, when = text_of(request, name).partition("@")
    if not text:
        return None
    try:
        reference = Reference.parse(text)
    except InvalidReference as error:
        raise BadAddress(_("“%(text)s” cannot be compared: %(why)s.") % {"text": text, "why": error}) from error
    if reference.tag is None:
        raise BadAddress(
            _("“%(text)s” names no tag: write one behind a colon, as in %(example)s.")
            % {"text": text, "example": EXAMPLE}
        )
    if when.startswith(("sha256:", "sha384:", "sha512:")):
        raise BadAddress(_("Tags are compared here, not digests: write a tag alone, or with @ and a moment."))
    moment = moment_of(request, f"{name}_at") or (read_moment(when) if at and when.strip() else None)
    return AskedSide(reference, moment)


def _address(request: HttpRequest, asked: dict[str, AskedSide | None]) -> str:
    """This page by its lasting address: what the form asks for by two fields stands there in one."""
    query = {name: value for name, value in request.GET.items() if name not in ("a", "b", "a_at", "b_at") and value}
    sides = {name: told(str(one.reference), one.moment) for name, one in asked.items() if one}
    return f"{request.path}?{urlencode({**sides, **query}, safe=':/@')}"


def _with_images(*sides: Side) -> list[Side]:
    images = Image.objects.in_bulk([side.digest for side in sides if side.digest])
    return [replace(side, image=images.get(str(side.digest))) for side in sides]


def _compared(a: Side, b: Side, now: dt.datetime, *, shows_all: bool) -> Comparison:
    """Versions are counted as they were at the later of the two moments."""
    moment = max(a.moment, b.moment) if a.moment and b.moment else None
    counted = versions_at_hand({a.repository.pk}, moment).images.get(a.repository.pk)
    patterns = CompareLink.objects.values_list("source", "template")
    return compare(a, b, counted, patterns, now, shows_all=shows_all)


def _page(
    request: HttpRequest,
    ask: AsOf,
    *,
    status: int = 200,
    sides: dict[str, Side] | None = None,
    comparison: Comparison | None = None,
    **more: object,
) -> HttpResponse:
    sides = sides or {}
    repositories = {side.tag.repository_id for side in sides.values()}
    tags = Tag.objects.shown().present().select_related("repository__registry").order_by("role", "name")
    offered = tags.filter(repository__in=repositories) if sides else tags.deployments()
    listed = list(offered[:MOST_OFFERED])
    one = sides.get("a") or sides.get("b")
    other = sides.get("b") if sides.get("a") else None
    pointers = [
        tag
        for tag in listed
        if one and tag.repository_id == one.tag.repository_id and tag.role == Role.POINTER and not is_floating(tag.name)
    ]
    context = {
        "comparison": comparison,
        "fields": [_field(request, name, sides.get(name)) for name in SIDES],
        "offered": listed,
        "examples": [str(tag) for tag in listed[:2]] or [EXAMPLE],
        "alternatives": alternatives(one, other, pointers, ask.now) if one else [],
        "swapped": (sides["b"].address, sides["a"].address) if comparison else None,
        **more,
        **ask.context,
    }
    return render(request, "tags/compare.html", context, status=status)


def _field(request: HttpRequest, name: str, found: Side | None) -> dict[str, object]:
    """What the form shows for a side: as it was asked for, for who corrects a mistake."""
    title = _("First") if name == "a" else _("Second")
    if found is None:
        return {"name": name, "title": title, "value": text_of(request, name), "moment": None}
    moment = found.moment if found.own_moment else None
    return {"name": name, "title": title, "value": str(found.tag), "moment": moment}


def _rows(found: Comparison) -> Iterator[tuple[object, ...]]:
    for row in found.rows:
        yield row.name, row.a.value, row.b.value, row.differs if row.is_comparable else None
