"""GET /coverage: when was somebody looking, and why not when nobody was?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from tags import models
from tags.api.asking import (
    ID,
    MOMENT,
    Listed,
    Moment,
    choice,
    cursor,
    moment_at,
    repository_choice,
    tick,
    watched_repository,
)
from tags.api.paging import page
from tags.api.shapes import ERRORS, FullName, Next, Time

if TYPE_CHECKING:
    from collections.abc import Sequence

router = Router(tags=["coverage"])


class Watching(StrEnum):
    WATCHED = "watched"
    UNWATCHED = "unwatched"


class Stretch(BaseModel):
    repository: FullName
    state: Watching = Field(description="Whether what was so in this time is known.")
    reason: str | None = Field(
        description="Why it was not watched, in words; null: it was.", examples=["registry timed out"]
    )
    since: Time
    until: Time = Field(description="Of the last stretch: when somebody last looked, or could not.")


class Coverage(BaseModel):
    items: list[Stretch]
    next: Next


class Asked(Listed):
    repository: str = repository_choice()
    since: Moment = choice("Only stretches that go on after this time.")
    until: Moment = choice("Only stretches that began before this time.")
    cursor: str = cursor(f"{ID}-{MOMENT}-{ID}", "2-e3037d4a3f8d08-1f")


@router.get("/coverage", response={200: Coverage, **ERRORS}, operation_id="coverage", summary="Coverage")
def coverage(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The stretches of time in which repositories were watched, or were not; of each repository the oldest first.

    They follow each other without a hole. What was where in a stretch that was not watched is not known.
    """
    rows = models.Coverage.objects.order_by("repository_id", "since", "pk").select_related("repository__registry")
    if asked.repository is not None:
        rows = rows.filter(repository=watched_repository(asked.repository))
    if asked.since:
        rows = rows.filter(until__gt=asked.since)
    if asked.until:
        rows = rows.filter(since__lt=asked.until)
    if asked.cursor:
        rows = rows.filter(_after(asked.cursor))
    return page(rows[: asked.limit + 1], asked.limit, _place, _items)


def _place(stretch: models.Coverage) -> str:
    return f"{stretch.repository_id:x}-{tick(stretch.since)}-{stretch.pk:x}"


def _after(place: str) -> Q:
    repository, since, pk = place.split("-")
    here = Q(repository=int(repository, 16))
    began = moment_at(since)
    later = Q(since__gt=began) | Q(since=began, pk__gt=int(pk, 16))
    return Q(repository__gt=int(repository, 16)) | (here & later)


def _items(stretches: Sequence[models.Coverage]) -> list[dict[str, Any]]:
    return [
        {
            "repository": stretch.repository.reference,
            "state": Watching.WATCHED if stretch.watched else Watching.UNWATCHED,
            "reason": stretch.reason or None,
            "since": stretch.since,
            "until": stretch.until,
        }
        for stretch in stretches
    ]
