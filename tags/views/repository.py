"""Which tags are the same image in this repository?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.standing import former_names, standings, version_names
from tags.pages.whatiswhere import what_is_where
from tags.views.asking import explain_bad_addresses, moment_of, text_of
from tags.views.finding import elsewhere, find, not_watched

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tags.registry import Reference


@explain_bad_addresses
def repository(request: HttpRequest, reference: Reference) -> HttpResponse:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    moment, now, text = moment_of(request), timezone.now(), text_of(request)
    unknown = unknown_because([found], moment, now).get(found.pk, "") if moment else ""
    tags = [] if unknown else standings(found.tags.shown(), moment)
    was = {digest: name for (_pk, digest), name in former_names(tags, version_names(tags), moment).items()}
    return render(
        request,
        "tags/repository.html",
        {
            "page": "board",
            "repository": found,
            "freshness": freshness(found, now),
            "picture": what_is_where(tags, text, timezone.get_current_timezone(), was, None if moment else found.looks),
            "by": "pointer" if request.GET.get("by") == "pointer" else "version",
            "unknown": unknown,
            "text": text,
            "moment": moment,
            "now": now,
            "as_of": moment or now,
        },
    )
