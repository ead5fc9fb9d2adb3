"""When one answer is not enough: a tag is back where it just was, or its registry's servers are out of step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tags.models.movement import Movement

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from tags.models.repository import Repository

RETURNS_ARE_DOUBTED_FOR = dt.timedelta(hours=24)


class AskAgain(Exception):
    """Nothing was written: of these tags it takes more answers to believe what a listing says."""

    def __init__(self, tags: Set[str]) -> None:
        super().__init__(f"the registry has to be asked again for {len(tags)} tags")
        self.tags = tags


def returning(repository: Repository, moves: Iterable[Movement], now: dt.datetime) -> set[str]:
    """The tags among those about to make these moves that go to where they were not long ago; one query at most."""
    going = {move.tag_id: move for move in moves}
    if not going:
        return set()
    lately = Movement.objects.filter(repository=repository, before__gte=now - RETURNS_ARE_DOUBTED_FOR)
    left = lately.order_by().values_list("tag", "from_digest")
    return {move.tag.name for tag, digest in left.iterator() if (move := going.get(tag)) and digest == move.to_digest}
