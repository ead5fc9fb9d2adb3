"""When one answer is not enough: a tag is back where it just was, or its registry's servers are out of step."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tags.models.movement import Movement

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from tags.models.repository import Repository

RETURNS_ARE_DOUBTED_FOR = dt.timedelta(hours=24)


class AskAgain(Exception):
    """Nothing was written: of these tags it takes more answers to believe what a listing says."""

    def __init__(self, tags: Set[str]) -> None:
        super().__init__(f"the registry has to be asked again for {len(tags)} tags")
        self.tags = tags


def returning(repository: Repository, moves: Mapping[str, str], now: dt.datetime) -> set[str]:
    """Which of these tags, about to go to these digests, left them not long ago; one query, none for no tags."""
    if not moves:
        return set()
    lately = Movement.objects.filter(repository=repository, before__gte=now - RETURNS_ARE_DOUBTED_FOR)
    left = lately.order_by().values_list("tag__name", "from_digest")
    return {tag for tag, digest in left.iterator() if digest and moves.get(tag) == digest}
