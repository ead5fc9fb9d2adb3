"""Everything about one tag: now, since when, all its movements, checked when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from tags.pages.freshness import freshness, swept_at
from tags.pages.standing import former_names, standings, version_names
from tags.versions import Role, also_known_as, display_version
from tags.views.asking import explain_bad_addresses
from tags.views.finding import elsewhere, find, not_watched
from tags.views.timeline import beginning, listed, picture
from tags.views.window import asked

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tags.registry import Reference


@explain_bad_addresses
def tag(request: HttpRequest, reference: Reference) -> HttpResponse:
    repository = find(reference)
    if repository is None:
        return not_watched(request, reference)
    found = repository.tags.filter(name=reference.tag).first()
    if found is None:
        context = {"reference": str(reference), "repository": repository, "tag": reference.tag}
        return render(request, "tags/no_such_tag.html", context, status=404)
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    now = timezone.now()
    moves = found.movements.all()
    ask = asked(request, now, beginning(found.first_seen_at, moves))
    same = standings(repository.tags.filter(digest=found.digest), None) if found.digest else []
    versions = [tag.name for tag in same if tag.role == Role.VERSION]
    return render(
        request,
        "tags/tag.html",
        {
            "page": "board",
            "repository": repository,
            "tag": found,
            "freshness": freshness(repository, now, found),
            "is_swept": swept_at(repository.looks, found) is not None,
            "version": display_version(versions),
            "was": former_names(same, version_names(same), None).get((repository.pk, str(found.digest)), ""),
            "also_known_as": [name for name in also_known_as(versions) if name != found.name],
            "pointers": sorted(tag.name for tag in same if tag.role == Role.POINTER and tag.name != found.name),
            **picture(ask, [found]),
            "kinds": [],  # a tag has few movements: no filter
            **listed(request, ask, ask.of(moves), repository),
        },
    )
