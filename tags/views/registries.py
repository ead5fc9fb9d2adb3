"""Is what I see fresh? Every registry and its repositories: last look, next look, gaps, errors in words."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone

from tags.models import Registry, Repository
from tags.pages.lanes import Window
from tags.pages.report import reports
from tags.pages.sources import long_gaps
from tags.views.worker import worker

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

DAYS = 7


def registries(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    return render(
        request,
        "tags/registries.html",
        {
            "page": "registries",
            "reports": reports(
                list(Registry.objects.all()),
                list(Repository.objects.select_related("registry")),
                long_gaps(Window(now - dt.timedelta(days=DAYS), now, now)),
                now,
            ),
            "days": DAYS,
            "now": now,
            **worker(now),
            "as_of": now,
        },
    )
