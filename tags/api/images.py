"""GET /images/{digest}: what is behind a digest, who points to it and who did."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from ninja import P, PathEx, Router
from ninja.errors import HttpError
from pydantic import BaseModel, Field

from tags import models
from tags.api.asking import DIGEST, refuse_others
from tags.api.shapes import ERRORS, EXAMPLE_DIGEST, FullName, Interval, Meaning, Time
from tags.pages.image import departures

router = Router(tags=["images"])

MOST = 1000  # tags that point to one image, or did


class Pointing(BaseModel):
    repository: FullName
    name: str = Field(description="Of the tag.", examples=["production"])
    role: Meaning
    since: Interval = Field(description="When it came to this image.")


class Pointed(BaseModel):
    repository: FullName
    name: str = Field(description="Of the tag.", examples=["rollback"])
    role: Meaning
    until: Interval = Field(description="When it last left this image.")


class Image(BaseModel):
    digest: str = Field(examples=[EXAMPLE_DIGEST])
    media_type: str | None = Field(examples=["application/vnd.oci.image.index.v1+json"])
    created: Time | None = Field(description="When it was built, it says; null: it does not, or was not read yet.")
    size: int | None = Field(
        description="Bytes to be pulled, of linux/amd64 or else the first platform; null: not read yet.",
        examples=[31457280],
    )
    platforms: list[str] = Field(examples=[["linux/amd64", "linux/arm64"]])
    labels: dict[str, Any] = Field(examples=[{"org.opencontainers.image.revision": "0f9e8d7"}])
    tags: list[Pointing] = Field(description=f"Who points to it now, in every repository; at most {MOST}.")
    was: list[Pointed] = Field(description=f"Who did and does not any more, the last to leave first; at most {MOST}.")


@router.get("/images/{digest}", response={200: Image, **ERRORS}, operation_id="image", summary="An image")
def image(
    request: HttpRequest,
    digest: PathEx[str, P(pattern=DIGEST, description="Of a manifest or an index, in full.", example=EXAMPLE_DIGEST)],
) -> dict[str, Any]:
    """What is known of a digest: what is behind it, and which tags point there or did, in all registries."""
    refuse_others(request.GET, ())
    found = models.Image.objects.filter(pk=digest).first()
    if found is None:
        raise HttpError(404, f"No tag is known to have pointed to {digest}.")
    return {
        "digest": found.digest,
        "media_type": found.media_type or None,
        "created": found.created,
        "size": found.size,
        "platforms": found.platforms,
        "labels": found.labels,
        "tags": _tags(digest),
        "was": _was(digest),
    }


def _tags(digest: str) -> list[dict[str, Any]]:
    there = models.Tag.objects.shown().filter(digest=digest).order_by("repository", "name")
    return [
        {
            "repository": tag.repository.reference,
            "name": tag.name,
            "role": tag.role,
            "since": {"after": tag.after, "before": tag.before},
        }
        for tag in there.select_related("repository__registry")[:MOST]
    ]


def _was(digest: str) -> list[dict[str, Any]]:
    left = departures(digest)
    gone = left.filter(Q(tag__digest__isnull=True) | ~Q(tag__digest=digest))
    again = left.filter(tag=OuterRef("tag")).filter(
        Q(before__gt=OuterRef("before")) | Q(before=OuterRef("before"), pk__gt=OuterRef("pk"))
    )
    last = gone.filter(~Exists(again)).newest_first().for_sentences()
    return [
        {
            "repository": movement.tag.repository.reference,
            "name": movement.tag.name,
            "role": movement.tag.role,
            "until": {"after": movement.after, "before": movement.before},
        }
        for movement in last[:MOST]
    ]
