"""When one answer is not enough: its registry's servers may be out of step, and one of them lag behind."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from tags.models.movement import Movement
from tags.models.tag import BATCH, Tag
from tags.models.verdict import settled_since

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from tags.models.known import Known
    from tags.models.repository import Repository

RETURNS_ARE_DOUBTED_FOR = dt.timedelta(hours=24)
COPIES_LAG_FOR = dt.timedelta(minutes=5)


class AskAgain(Exception):
    """Nothing was written: of these tags it takes more answers to believe what a listing says."""

    def __init__(self, tags: Set[str]) -> None:
        super().__init__(f"the registry has to be asked again for {len(tags)} tags")
        self.tags = tags


class Going(NamedTuple):
    """A tag as it was known, about to go to a digest."""

    known: Known
    digest: str | None


def hasty(repository: Repository, going: Iterable[Going], now: dt.datetime) -> set[str]:
    """The tags among those that came to where they were only just now: a copy of the registry may lag behind that.

    That is an interval ago, or as long as copies usually lag.
    """
    settled = min(settled_since(repository, now), now - COPIES_LAG_FOR)
    return {known.name for known, _digest in going if known.before > settled and known.state != Tag.State.UNKNOWN}


def returning(repository: Repository, going: Iterable[Going], now: dt.datetime) -> set[str]:
    """The tags among those that go to where they were not long ago; one query at most."""
    back = {known.id for known, _digest in going if known.state in {Tag.State.REMOVED, Tag.State.UNKNOWN}}
    to = {known.id: (known.name, digest) for known, digest in going if known.moved or known.id in back}
    if not to:
        return set()
    lately = Movement.objects.filter(repository=repository, before__gte=now - RETURNS_ARE_DOUBTED_FOR)
    if len(to) <= BATCH:
        lately = lately.filter(tag__in=to)
    left = lately.order_by().values_list("tag", "from_digest")
    return {to[tag][0] for tag, digest in left.iterator() if tag in to and (tag in back or to[tag][1] == digest)}
