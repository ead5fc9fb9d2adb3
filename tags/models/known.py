"""A tag as a poll finds it in the database."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tags.models.tag import Tag


class Known(NamedTuple):
    """A row and no model, for most of a poll's tags turn out not to have changed."""

    id: int
    name: str
    role: str
    role_by_hand: bool
    state: str
    digest: str | None
    after: dt.datetime | None
    before: dt.datetime
    first_seen_at: dt.datetime
    moved: bool
    looked_at: dt.datetime | None
    swept: bool
    wanted_at: dt.datetime | None
    absent_since: dt.datetime | None
    missing_since: dt.datetime | None
    missing_after: dt.datetime | None
    disputed_since: dt.datetime | None


Row = TypeVar("Row")


def as_now(known: Mapping[str, Row], touched: Mapping[str, Tag]) -> Iterator[Row | Tag]:
    """All tags as a poll leaves them: the known ones, but for those that it touched, and the new ones."""
    for name, row in known.items():
        yield touched.get(name, row)
    for name, tag in touched.items():
        if name not in known:
            yield tag
