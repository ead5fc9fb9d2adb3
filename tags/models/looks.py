"""When the tags of a repository were last looked at, without a time in each of their rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from tags.models.sweep import SLICES, slice_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Looks(NamedTuple):
    """The clocks of the two speeds: one for what every poll looks at, one for each slice of what is swept.

    Slices count in whole epoch seconds, rounded down: no tag claims a look later than it had.
    """

    checked_at: dt.datetime | None
    slices: tuple[int | None, ...] = (None,) * SLICES

    def of(self, tag: str, *, swept: bool) -> dt.datetime | None:
        """When a tag was looked at on its last regular turn."""
        if not swept:
            return self.checked_at
        at = self.slices[slice_of(tag)]
        return None if at is None else dt.datetime.fromtimestamp(at, dt.UTC)

    def set_on(self, checked_at: dt.datetime, slices: Mapping[int, int]) -> Looks:
        return Looks(checked_at, tuple(slices.get(number, look) for number, look in enumerate(self.slices)))


def whole_slices(
    swept: Collection[str], sent: Mapping[str, dt.datetime], failed: Collection[str], otherwise: dt.datetime
) -> dict[int, int]:
    """The slices that were looked at wholly: number -> when the first of its looks was sent.

    `swept` are all tags of the sweep, `sent` tells when those that answered were asked. Tags that `failed` are left
    behind, unless they are most of their slice. A slice without tags was looked at when the list was, `otherwise`.
    """
    first: dict[int, dt.datetime] = {}
    answered, silent, left_out = Counter[int](), Counter[int](), set[int]()
    for tag in swept:
        number = slice_of(tag)
        if at := sent.get(tag):
            first[number] = min(first.get(number, at), at)
            answered[number] += 1
        elif tag in failed:
            silent[number] += 1
        else:
            left_out.add(number)
    return {
        number: int(first.get(number, otherwise).timestamp())
        for number in range(SLICES)
        if number not in left_out and silent[number] <= answered[number]
    }
