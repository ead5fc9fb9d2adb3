"""Works out what is from what happened: the tags as their movements leave them, held against the rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction

from tags.models import Movement, Repository, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Standing(NamedTuple):
    """What a tag's row says that its movements say, too."""

    digest: str | None
    is_there: bool
    after: dt.datetime | None
    before: dt.datetime
    moved: bool

    @property
    def words(self) -> str:
        where = f"on {self.digest}" if self.is_there else "gone"
        since = f"since {self.after and self.after.isoformat()} … {self.before.isoformat()}"
        return f"{where} {since}, {'seen with several digests' if self.moved else 'seen with one digest'}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A tag whose row is not what its movements make of it, or whose movements do not follow from each other."""

    tag: Tag
    told: Standing | None  # by the movements; None where they contradict themselves, which no rebuilding mends
    breaks: Sequence[str] = field(default=())

    @property
    def sentence(self) -> str:
        if self.told is None:
            return f"{self.tag}: its movements do not follow from each other: {'; '.join(self.breaks)}"
        return f"{self.tag}: it is {_as_in_row(self.tag).words}; by its movements it is {self.told.words}"


def differences(repository: Repository) -> Iterator[Difference]:
    """The tags of a repository that are otherwise than their movements say; those that never moved say nothing."""
    moves = Movement.objects.filter(repository=repository).select_related("tag").order_by("tag", "before", "pk")
    for tag, found in groupby(moves.iterator(), key=attrgetter("tag")):
        tag.repository = repository
        movements = list(found)
        if breaks := list(_breaks(movements)):
            yield Difference(tag, None, breaks)
        elif tag.state != Tag.State.UNKNOWN and (told := _told(tag, movements)) != _as_in_row(tag):
            yield Difference(tag, told)


def rebuild(repository: Repository) -> list[Difference]:
    """Write what the movements say into the rows that say otherwise; returns all that differed, mended or not."""
    with transaction.atomic():
        Repository.objects.select_for_update().get(pk=repository.pk)  # polls write the same
        found = list(differences(repository))
        for difference in found:
            if difference.told is not None:
                _write(difference.tag, difference.told)
    return found


def _write(tag: Tag, told: Standing) -> None:
    tag.digest, tag.after, tag.before, tag.moved = told.digest, told.after, told.before, told.moved
    if told.is_there != (tag.state != Tag.State.REMOVED):
        tag.state = Tag.State.PRESENT if told.is_there else Tag.State.REMOVED
    tag.save(update_fields=["digest", "state", "after", "before", "moved"])


def _as_in_row(tag: Tag) -> Standing:
    return Standing(tag.digest, tag.state != Tag.State.REMOVED, tag.after, tag.before, tag.moved)


def _told(tag: Tag, movements: Sequence[Movement]) -> Standing:
    last = movements[-1]
    digests = {digest for move in movements for digest in (move.from_digest, move.to_digest) if digest}
    was_moved = tag.moved and tag.kept_since is not None  # by a movement that may have been deleted
    return Standing(last.to_digest, last.to_digest is not None, last.after, last.before, len(digests) > 1 or was_moved)


def _breaks(movements: Sequence[Movement]) -> Iterator[str]:
    for one, following in pairwise(movements):
        if one.to_digest != following.from_digest:
            yield f"movement {one.pk} leads to {one.to_digest}, movement {following.pk} leaves {following.from_digest}"
