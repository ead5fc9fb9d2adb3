"""What all answers of the API are made of: times, intervals, pages of a list, and what is said when it is wrong."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer, WithJsonSchema

from tags.moments import utc
from tags.versions import Role

EXAMPLE_DIGEST = "sha256:d4e5f6a7d4e5f6a7d4e5f6a7d4e5f6a7d4e5f6a7d4e5f6a7d4e5f6a7d4e5f6a7"


Time = Annotated[
    dt.datetime,
    PlainSerializer(utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-05-09T12:07:31Z"}, mode="serialization"),
]
FullName = Annotated[
    str,
    Field(
        description="The repository's full name: registry and path.",
        json_schema_extra={"example": "registry.example.com/shop/app"},
    ),
]


class Meaning(StrEnum):
    """The roles of the tags that are told of: signatures, attestations and the like are about images, not names."""

    VERSION = Role.VERSION.value
    POINTER = Role.POINTER.value


class Interval(BaseModel):
    """A poller knows an interval, not a moment: it happened between the two."""

    after: Time | None = Field(description="Not before this; null: nothing is known of the time before.")
    before: Time | None = Field(description="At this time at the latest; null: not known.")


class Problem(BaseModel):
    detail: str = Field(
        description="What is wrong, as a sentence.",
        json_schema_extra={"example": "docker.io/library/python is not watched."},
    )


ERRORS = {401: Problem, 404: Problem, 422: Problem}

Next = Annotated[
    str | None,
    Field(
        description="Give it as `cursor`, with the same filters, for what follows; null: this was the end of the list.",
        json_schema_extra={"example": "5a3c1b2e4f001-1f"},
    ),
]
