"""Which version is each deployment tag of each image on, everywhere?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone

from tags.models import Repository, Tag
from tags.pages import board as boards
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.standing import names_of, standings
from tags.views.asking import explain_bad_addresses, moment_of, text_of
from tags.views.worker import worker

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ROWS = 100


@explain_bad_addresses
def board(request: HttpRequest) -> HttpResponse:
    moment, now, text = moment_of(request), timezone.now(), text_of(request)
    repositories = list(Repository.objects.select_related("registry"))
    pointers = standings(Tag.objects.pointers(), moment)
    picture = boards.board(
        repositories,
        pointers,
        names_of(pointers, moment),
        {repository.pk: freshness(repository, now) for repository in repositories},
        unknown_because(repositories, moment, now) if moment else {},
        text,
    )
    return render(
        request,
        "tags/board.html",
        {
            "page": "board",
            "board": picture,
            "rows": Paginator(picture.rows, ROWS).get_page(request.GET.get("page")),
            "text": text,
            "moment": moment,
            "now": now,
            **worker(now),
            "as_of": moment or now,
        },
    )
