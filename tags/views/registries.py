"""Is what I see fresh, or was it then? Every registry and its repositories: looks, gaps, errors in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.shortcuts import render

from tags.models import Registry, Repository
from tags.pages.knowledge import unknown_because
from tags.pages.lanes import Window
from tags.pages.report import Report, reports
from tags.pages.sources import long_gaps
from tags.views.asking import as_of, page_view
from tags.views.exports import export, export_format
from tags.views.worker import worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

DAYS = 7
COLUMNS = ("registry", "address", "repository", "state", "reason", "checked_at", "next_poll_at", "error")


@page_view
def registries(request: HttpRequest) -> HttpResponseBase:
    ask = as_of(request)
    moment, now = ask.moment, ask.now
    repositories = list(Repository.objects.select_related("registry"))
    end = min(ask.point, now)
    found = reports(
        list(Registry.objects.all()),
        repositories,
        long_gaps(Window(end - dt.timedelta(days=DAYS), end, end)),
        now,
        unknown_because(repositories, moment, now) if moment else None,
    )
    if wanted := export_format(request):
        return export(wanted, "registries", COLUMNS, _exported(found))
    return render(
        request,
        "tags/registries.html",
        {
            "page": "registries",
            "reports": found,
            "watches_nothing": not repositories,
            "days": DAYS,
            **worker(now),
            **ask.context,
        },
    )


def _exported(found: Iterable[Report]) -> Iterator[tuple[object, ...]]:
    """What is so now; of a moment in the past only whether somebody watched, for more was not kept."""
    for report in found:
        for watched in report.repositories:
            who = report.registry.name, report.registry.address, watched.repository.reference
            if watched.then is not None:
                yield *who, watched.then.state, watched.then.reason, None, None, None
            else:
                row = watched.repository
                yield *who, watched.freshness.state, "", row.checked_at, row.next_poll_at, row.error
