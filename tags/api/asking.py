"""What an address of the API may ask for; what cannot be read is answered with 422 and a sentence."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

from ninja import Schema
from ninja.errors import HttpError
from pydantic import BeforeValidator, Field, ValidationInfo, WithJsonSchema, model_validator

from tags.moments import BEGINNING, END, parse_moment
from tags.registry import InvalidReference, Reference
from tags.views.finding import find

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import QueryDict

    from tags.models import Repository

MOST = 1000
USUAL = 100
TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
ID = "[0-9a-f]{1,15}"  # of a row; a cursor's numbers are hexadecimal
MOMENT = "[0-9a-f]{1,15}"  # microseconds since the calendar began
MICROSECOND = dt.timedelta(microseconds=1)
DIGEST = "^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$"


Moment = Annotated[
    dt.datetime,
    BeforeValidator(parse_moment),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
            "example": "2026-05-03T14:00:00+02:00",
        }
    ),
]


class Asked(Schema):
    """The parameters of an address. Others, or one given twice, are refused: a slip must not widen the answer."""

    @model_validator(mode="before")
    @classmethod
    def _nothing_else(cls, data: Any, info: ValidationInfo) -> Any:
        if info.context:
            refuse_others(info.context["request"].GET, cls.model_fields)
        return data


def refuse_others(query: QueryDict, known: Collection[str]) -> None:
    """Raises HttpError when the query holds more than each of the `known` parameters once."""
    for name, values in query.lists():
        if name not in known:
            there = f"There are {', '.join(sorted(known))}." if known else "There are none here."
            raise HttpError(422, f"“{name[:100]}” is no parameter of this address. {there}")
        if len(values) > 1:
            raise HttpError(422, f"{name}: it is given {len(values)} times; once is enough.")


class Listed(Asked):
    """What every list takes; each has cursors of its own."""

    limit: int = Field(
        USUAL,
        ge=1,
        le=MOST,
        description="How many items to answer at most.",
        json_schema_extra={"example": USUAL},
    )


def choice(description: str, example: str | None = None, **limits: Any) -> Any:
    """A parameter that may be left out. Its type says no None, for nobody can write one in an address."""
    extra: dict[str, Any] = {} if example is None else {"example": example}
    return Field(None, description=description, json_schema_extra=extra, **limits)


def cursor(pattern: str, example: str) -> Any:
    """The cursor of a list, whose every text that fits `pattern` is a place in the list."""
    return choice("Where the list goes on: `next` of the answer before.", example, pattern=f"^{pattern}$")


def repository_choice() -> Any:
    said = "Only of this repository, named as docker names it: `python` is `docker.io/library/python`."
    return choice(said, "registry.example.com/shop/app", max_length=400)


def text_choice(description: str, example: str) -> Any:
    return choice(description, example, max_length=200, pattern=r"^[^\x00]*$")


def tick(moment: dt.datetime) -> str:
    """A time as it stands in a cursor."""
    return f"{(moment - BEGINNING) // MICROSECOND:x}"


def moment_at(tick: str) -> dt.datetime:
    return BEGINNING + min(int(tick, 16) * MICROSECOND, END - BEGINNING)


def watched_repository(text: str) -> Repository:
    """The repository that an image reference names. Raises HttpError 404, with words."""
    try:
        reference = Reference.parse(text)
    except InvalidReference as error:
        raise HttpError(404, f"No repository has such a name: {error}.") from error
    if reference.tag or reference.digest:
        raise HttpError(404, f"{reference} names more than a repository: ask for {reference.name}.")
    found = find(reference)
    if found is None:
        raise HttpError(404, f"{reference.name} is not watched.")
    return found
