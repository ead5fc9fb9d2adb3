"""GET /movements: what moved, newest first."""

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
    TAG,
    Listed,
    Moment,
    choice,
    cursor,
    moment_at,
    repository_choice,
    text_choice,
    tick,
    watched_repository,
)
from tags.api.paging import page
from tags.api.shapes import ERRORS, EXAMPLE_DIGEST, FullName, Next, Time
from tags.timeline import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

router = Router(tags=["movements"])


class Source(StrEnum):
    POLL = models.Movement.Source.POLL.value
    HISTORY = models.Movement.Source.HISTORY.value
    PUSH_TIME = models.Movement.Source.PUSH_TIME.value


class Movement(BaseModel):
    id: int = Field(description="Stays the same for good.", examples=[4711])
    repository: FullName
    tag: str = Field(examples=["production"])
    kind: Kind = Field(description="Which way it moved.")
    from_digest: str | None = Field(description="Null: it pointed to nothing before.", examples=[EXAMPLE_DIGEST])
    to_digest: str | None = Field(description="Null: it points to nothing any more.", examples=[EXAMPLE_DIGEST])
    from_version: str | None = Field(
        description="What that image was called then; null: it had no version.", examples=["2.0"]
    )
    to_version: str | None = Field(
        description="What that image was called then; null: it had no version.", examples=["2.1"]
    )
    after: Time | None = Field(
        description="When the old digest was last seen; null: nothing is known of the time before."
    )
    before: Time = Field(description="When the new digest was first seen.")
    source: Source = Field(description="How it came to be known.")
    sentence: str = Field(
        description="The movement in words, in English.", examples=["production moved forward from 2.0 to 2.1"]
    )


class Movements(BaseModel):
    items: list[Movement]
    next: Next


class Asked(Listed):
    repository: str = repository_choice()
    tag: str = choice("Only of tags of exactly this name.", "production", pattern=f"^{TAG}$")
    q: str = text_choice("Only where this stands in the name of the tag, or of a version it moved from or to.", "2.1")
    kind: Kind = choice("Only of this kind.", "rollback")
    since: Moment = choice("Only those that happened, or may have happened, at this time or later.")
    until: Moment = choice("Only those that happened, or may have happened, before this time.")
    cursor: str = cursor(f"{MOMENT}-{ID}", "e3037d4a3f8d08-1267")


@router.get("/movements", response={200: Movements, **ERRORS}, operation_id="movements", summary="Movements")
def movements(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Where tags were seen to point elsewhere than before, to appear, to disappear or to come back; newest first.

    Of a time that is not kept any longer (`/coverage` says so) only the last one of each tag is told.
    """
    rows = models.Movement.objects.between(asked.since, asked.until)
    if asked.repository is not None:
        rows = rows.filter(repository=watched_repository(asked.repository))
    if asked.tag:
        rows = rows.filter(tag__name=asked.tag)
    if asked.q:
        called = Q(from_version__icontains=asked.q) | Q(to_version__icontains=asked.q)
        rows = rows.filter(called | Q(tag__name__icontains=asked.q))
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.cursor:
        before, _dash, pk = asked.cursor.partition("-")
        rows = rows.older_than(moment_at(before), int(pk, 16))
    return page(rows.newest_first().for_sentences()[: asked.limit + 1], asked.limit, _place, _items)


def _place(movement: models.Movement) -> str:
    return f"{tick(movement.before)}-{movement.pk:x}"


def _items(movements: Sequence[models.Movement]) -> list[dict[str, Any]]:
    return [movement.facts for movement in movements]
