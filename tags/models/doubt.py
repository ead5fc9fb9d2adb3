"""When one answer is not enough: a tag is back where it just was, or its registry's servers are out of step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from tags.models.movement import Movement
from tags.models.tag import BATCH
from tags.timeline import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from tags.models.repository import Repository

RETURNS_ARE_DOUBTED_FOR = dt.timedelta(hours=24)


class AskAgain(Exception):
    """Nothing was written: of these tags it takes more answers to believe what a listing says."""

    def __init__(self, tags: Set[str]) -> None:
        super().__init__(f"the registry has to be asked again for {len(tags)} tags")
        self.tags = tags


class Going(NamedTuple):
    """A tag that is about to go to a digest; None: to be gone."""

    tag: str
    digest: str | None


def returning(repository: Repository, going: Mapping[int, Going], now: dt.datetime) -> set[str]:
    """The tags among those, by id, that go to where they were not long ago; one query at most.

    What came for the first time and is gone again was never gone before.
    """
    if not going:
        return set()
    lately = Movement.objects.filter(repository=repository, before__gte=now - RETURNS_ARE_DOUBTED_FOR)
    if len(going) <= BATCH:
        lately = lately.filter(tag__in=going)
    left = lately.exclude(kind=Kind.APPEARED).order_by().values_list("tag", "from_digest")
    return {one.tag for tag, digest in left.iterator() if (one := going.get(tag)) and digest == one.digest}
