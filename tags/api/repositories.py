"""GET /repositories: what is watched, and how its last poll went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from ninja.errors import HttpError
from pydantic import BaseModel, Field

from tags import models
from tags.api.asking import ID, Listed, cursor, text_choice
from tags.api.paging import page
from tags.api.shapes import ERRORS, FullName, Next, Time
from tags.pages.freshness import State, freshness

if TYPE_CHECKING:
    from collections.abc import Sequence

router = Router(tags=["repositories"])


class Repository(BaseModel):
    repository: FullName
    state: State = Field(
        description="Whether what is known of it is up to date (`fresh`), was last looked at in part (`partial`) or "
        "too long ago (`late`), cannot be read (`failing`), is not looked at by order (`paused`) or not yet (`new`)."
    )
    checked_at: Time | None = Field(description="When it was last wholly looked at; null: never.")
    next_poll_at: Time | None = Field(description="When it is due to be looked at again; null: it is paused.")
    error: str | None = Field(
        description="What went wrong in the last look, in words; null: nothing.", examples=["registry timed out"]
    )
    tags: int = Field(description="How many tags it has now, signatures and attestations left out.", examples=[12])


class Repositories(BaseModel):
    items: list[Repository]
    next: Next


class Asked(Listed):
    q: str = text_choice("Only those in whose full name, or in the name of whose registry, this stands.", "shop/")
    registry: str = text_choice("Only of the registry with this address.", "registry.example.com")
    cursor: str = cursor(ID, "1f")


@router.get(
    "/repositories", response={200: Repositories, **ERRORS}, operation_id="repositories", summary="Repositories"
)
def repositories(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The repositories, in the order in which they were added."""
    rows = models.Repository.objects.order_by("pk").select_related("registry")
    if asked.registry is not None:
        rows = rows.filter(registry=_registry(asked.registry))
    if asked.q:
        rows = rows.containing(asked.q)
    if asked.cursor:
        rows = rows.filter(pk__gt=int(asked.cursor, 16))
    return page(rows[: asked.limit + 1], asked.limit, lambda repository: f"{repository.pk:x}", _items)


def _registry(address: str) -> models.Registry:
    found = models.Registry.objects.filter(address__iexact=address).first()
    if found is None:
        raise HttpError(404, f"There is no registry “{address}” here.")
    return found


def _items(repositories: Sequence[models.Repository]) -> list[dict[str, Any]]:
    now = timezone.now()
    there = models.Tag.objects.filter(repository__in=repositories).shown().present()
    counts = dict(there.order_by().values_list("repository").annotate(Count("pk")))
    return [
        _item(repository, freshness(repository, now).state, counts.get(repository.pk, 0)) for repository in repositories
    ]


def _item(repository: models.Repository, state: State, tags: int) -> dict[str, Any]:
    return {
        "repository": repository.reference,
        "state": state,
        "checked_at": repository.checked_at,
        "next_poll_at": None if state is State.PAUSED else repository.next_poll_at,
        "error": repository.error or None,
        "tags": tags,
    }
