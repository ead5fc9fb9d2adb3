"""What moved, when, from which version to which? Lanes and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Min
from django.shortcuts import render
from django.utils.translation import gettext as _

from tags.models import Coverage, Movement, Repository, Tag
from tags.pages.filtering import MOST_COMPARED, did_you_mean
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.views.asking import BadAddress, as_of, page_view, text_of
from tags.views.exports import export, export_format
from tags.views.finding import elsewhere, find, not_watched
from tags.views.timeline import COLUMNS, beginning, feed, listed, picture, rows
from tags.views.window import asked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponseBase

    from tags.models.coverage import CoverageQuerySet
    from tags.models.movement import MovementQuerySet
    from tags.models.tag import TagQuerySet
    from tags.pages.journal import Day
    from tags.pages.lanes import Window
    from tags.registry import Reference
    from tags.views.window import Asked

LANES = 50
NAMES = 200  # of pointers to choose from


@page_view
def movements(request: HttpRequest) -> HttpResponseBase:
    return _page(request, None, Movement.objects.all(), Tag.objects.all(), Coverage.objects.all())


@page_view
def movements_of(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, found.movements_url):
        return away
    return _page(request, found, found.movements.all(), found.tags.all(), found.coverage.all())


def _page(
    request: HttpRequest,
    repository: Repository | None,
    moves: MovementQuerySet,
    tags: TagQuerySet,
    coverage: CoverageQuerySet,
) -> HttpResponseBase:
    moment = as_of(request)
    sought = _sought(request, moves)
    first_seen = tags.aggregate(first=Min("first_seen_at"))["first"]
    wanted, around = export_format(request), sought.before if sought else None
    oldest, kept_since = beginning(first_seen, moves), coverage.kept_since()
    ask = asked(request, moment, oldest, around, kept_since=kept_since, tells_problems=not wanted)
    if wanted:
        return export(wanted, "movements", COLUMNS, rows(ask.of(moves)))
    pointers = tags.pointers() if repository else tags.deployments()
    there = _there(ask.of_tags(tags if ask.tags else pointers), ask.window)
    last = there.order_by("-before", "-pk")[:LANES]
    drawn = list(last.prefetch_related("repository__registry", "repository__sweep"))
    drawn.sort(key=lambda tag: (tag.repository.registry.address, tag.repository.name, tag.name))
    days = listed(request, ask, ask.of(moves), repository, sought)
    return render(
        request,
        "tags/movements.html",
        {
            "page": "movements",
            "repository": repository,
            "freshness": freshness(repository, moment.now) if repository else None,
            "unknown": _unknown(repository, ask.window),
            "registry_is_named": len(_registries(drawn, days["days"])) > 1,
            "lanes_left_out": there.count() - len(drawn) if len(drawn) == LANES else 0,
            "names": sorted(set(pointers.values_list("name", flat=True)) - set(ask.tags))[:NAMES],
            **({} if drawn else _meant(ask, tags)),
            "feed": feed(repository.get_absolute_url() if repository else "/", ask),
            **moment.context,
            **picture(ask, drawn),
            **days,
        },
    )


def _sought(request: HttpRequest, moves: MovementQuerySet) -> Movement | None:
    """The movement that a permanent link leads to. Raises BadAddress."""
    text = text_of(request, "move")
    if not text:
        return None
    is_number = text.isascii() and text.isdecimal() and len(text) <= 18
    found = moves.filter(pk=int(text)).first() if is_number else None
    if found is None:
        raise BadAddress(_("“%s” is no movement that was seen here.") % text)
    return found


def _there(tags: TagQuerySet, window: Window) -> TagQuerySet:
    """Those that pointed to something in the window."""
    gone = tags.filter(state=Tag.State.REMOVED, before__lt=window.start)
    return tags.filter(first_seen_at__lte=window.end).exclude(state=Tag.State.UNKNOWN).exclude(pk__in=gone)


def _meant(ask: Asked, tags: TagQuerySet) -> dict[str, str]:
    """What was perhaps meant by a tag, or a part of an image's name, of which there is nothing."""
    for tag in ask.tags:
        meant = did_you_mean(tag, tags.shown().order_by("role").values_list("name", flat=True)[:MOST_COMPARED])
        if meant and meant != tag:
            return {"meant_tag": meant}
    paths = Repository.objects.values_list("name", flat=True)[:MOST_COMPARED] if ask.text else ()
    meant = did_you_mean(ask.text, (name for path in paths for name in (path, *path.split("/"))))
    return {"meant_text": meant} if meant and meant != ask.text else {}


def _unknown(repository: Repository | None, window: Window) -> str:
    """Why it is not known what was where at the moment the page is about."""
    if repository is None or window.moment is None:
        return ""
    return unknown_because([repository], window.moment, window.now).get(repository.pk, "")


def _registries(tags: Iterable[Tag], days: Iterable[Day]) -> set[int]:
    """The registries a page is about: of one alone nobody has to read the name again and again."""
    entries = [entry for day in days for entry in day.entries]
    told = [move.tag.repository for entry in entries for move in entry.moves]
    told += [repository for entry in entries for repository in entry.repositories]
    return {repository.registry_id for repository in (*told, *(tag.repository for tag in tags))}
