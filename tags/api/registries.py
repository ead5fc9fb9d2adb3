"""GET /registries: is what is known fresh?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from tags import models
from tags.api.asking import ID, Listed, cursor
from tags.api.paging import page
from tags.api.shapes import ERRORS, Next, Time
from tags.pages.freshness import State
from tags.pages.report import reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tags.pages.report import Report

router = Router(tags=["registries"])


class Registry(BaseModel):
    name: str = Field(description="What people call it; its address when nobody named it.", examples=["Production"])
    address: str = Field(description="Host, or host and port.", examples=["registry.example.com"])
    kind: str | None = Field(
        description="What kind of registry it is, such as oci or harbor; null: not known yet.", examples=["harbor"]
    )
    state: State = Field(
        description="The state of its repositories where they agree, else the worst: up to date (`fresh`), last looked "
        "at in part (`partial`) or too long ago (`late`), not to be reached (`failing`), not looked at by order "
        "(`paused`) or not yet (`new`)."
    )
    checked_at: Time | None = Field(description="When one of its repositories was last wholly looked at; null: never.")
    error: str | None = Field(
        description="What is wrong, in words: with the first of its repositories in trouble, or with its catalog.",
        examples=["registry timed out"],
    )


class Registries(BaseModel):
    items: list[Registry]
    next: Next


class Asked(Listed):
    cursor: str = cursor(ID, "1f")


@router.get("/registries", response={200: Registries, **ERRORS}, operation_id="registries", summary="Registries")
def registries(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The registries, in the order in which they were added, and whether what is known of them is fresh."""
    rows = models.Registry.objects.order_by("pk")
    if asked.cursor:
        rows = rows.filter(pk__gt=int(asked.cursor, 16))
    return page(rows[: asked.limit + 1], asked.limit, lambda registry: f"{registry.pk:x}", _items)


def _items(registries: Sequence[models.Registry]) -> list[dict[str, Any]]:
    repositories = models.Repository.objects.filter(registry__in=registries).select_related("registry")
    return [_item(report) for report in reports(registries, list(repositories), [], timezone.now())]


def _item(report: Report) -> dict[str, Any]:
    registry = report.registry
    looks = [watched.repository.checked_at for watched in report.repositories]
    errors = [
        watched.repository.error or watched.freshness.reason
        for watched in report.repositories
        if watched.freshness.is_warning
    ]
    return {
        "name": str(registry),
        "address": registry.address,
        "kind": registry.kind or registry.recognised_kind or None,
        "state": report.state,
        "checked_at": max((look for look in looks if look), default=None),
        "error": next(filter(None, [*errors, registry.discovery_error]), None),
    }
