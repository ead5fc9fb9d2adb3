"""What moved, when, from which version to which? Lanes and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Min
from django.shortcuts import render
from django.utils import timezone

from tags.models import Movement, Repository, Tag
from tags.views.asking import explain_bad_addresses
from tags.views.finding import elsewhere, find, not_watched
from tags.views.timeline import beginning, listed, picture
from tags.views.window import Asked, asked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http import HttpRequest, HttpResponse

    from tags.models.movement import MovementQuerySet
    from tags.models.tag import TagQuerySet
    from tags.pages.journal import Day
    from tags.pages.lanes import Window
    from tags.registry import Reference

LANES = 30


@explain_bad_addresses
def movements(request: HttpRequest) -> HttpResponse:
    return _page(request, None, Movement.objects.all(), Tag.objects.all())


@explain_bad_addresses
def movements_of(request: HttpRequest, reference: Reference) -> HttpResponse:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, f"/movements{found.get_absolute_url()}"):
        return away
    return _page(request, found, found.movements.all(), found.tags.all())


def _page(
    request: HttpRequest, repository: Repository | None, moves: MovementQuerySet, tags: TagQuerySet
) -> HttpResponse:
    first_seen = tags.aggregate(first=Min("first_seen_at"))["first"]
    ask = asked(request, timezone.now(), beginning(first_seen, moves))
    there = _there(_in_picture(tags, ask, repository), ask.window)
    drawn = list(there.select_related("repository__registry", "repository__sweep").order_by("-before", "-pk")[:LANES])
    drawn.sort(key=lambda tag: (tag.repository.registry.address, tag.repository.name, tag.name))
    lanes, days = picture(ask, drawn), listed(request, ask, ask.of(moves), repository)
    return render(
        request,
        "tags/movements.html",
        {
            "page": "movements",
            "repository": repository,
            "registry_is_named": len(_registries(drawn, days["days"])) > 1,
            "lanes_left_out": there.count() - len(drawn) if len(drawn) == LANES else 0,
            **lanes,
            **days,
        },
    )


def _in_picture(tags: TagQuerySet, ask: Asked, repository: Repository | None) -> TagQuerySet:
    """The tags that get a lane: of one repository all pointers, of all only those that people move."""
    if ask.tags:
        return tags.filter(name__in=ask.tags)
    return tags.pointers() if repository else tags.deployments()


def _there(tags: TagQuerySet, window: Window) -> TagQuerySet:
    """Those that pointed to something in the window."""
    gone = tags.filter(state=Tag.State.REMOVED, before__lt=window.start)
    return tags.filter(first_seen_at__lte=window.end).exclude(state=Tag.State.UNKNOWN).exclude(pk__in=gone)


def _registries(tags: Iterable[Tag], days: Iterable[Day]) -> set[int]:
    """The registries a page is about: of one alone nobody has to read the name again and again."""
    entries = [entry for day in days for entry in day.entries]
    told = [move.tag.repository for entry in entries for move in entry.moves]
    told += [repository for entry in entries for repository in entry.repositories]
    return {repository.registry_id for repository in (*told, *(tag.repository for tag in tags))}
