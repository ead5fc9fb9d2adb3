"""A registry's own history, read as the moves of its tags."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tags.registry import Spell

SECOND = dt.timedelta(seconds=1)
SEAM = 2 * SECOND  # between the end of one spell and the start of the next, when the tag was moved


class Told(NamedTuple):
    """Within the second that began at `at` the tag came to point to `digest`; None: it ended."""

    digest: str | None
    at: dt.datetime


class History:
    """What a registry tells of the past of its tags; believed of a tag when it leads to what was seen of it."""

    def __init__(self, spells: Iterable[Spell]) -> None:
        self._spells: defaultdict[str, list[Spell]] = defaultdict(list)
        for spell in spells:
            if spell.until is None or spell.since <= spell.until:
                self._spells[spell.tag].append(spell)

    @property
    def tags(self) -> set[str]:
        return set(self._spells)

    def moves(
        self,
        tag: str,
        start: str | None,
        end: str | None,
        *,
        looked_at: dt.datetime | None,
        told_until: dt.datetime | None = None,
        until: dt.datetime,
    ) -> list[Told]:
        """How a tag came from the digest `start` to `end` (None: it was not there), oldest first; empty if unknown.

        `looked_at` is when it was seen at `start` (None: nobody had looked), `told_until` the end of what is written
        of it already: the same history is told again and again.
        """
        moves: list[Told] = []
        current = start
        for move in _told(self._spells.get(tag, [])):
            is_seen = looked_at is not None and move.at <= looked_at - SECOND
            is_told = told_until is not None and move.at < told_until
            if move.at <= until and not is_seen and not is_told and move.digest != current:
                moves.append(move)
                current = move.digest
        return moves if current == end else []


def _told(spells: list[Spell]) -> Iterator[Told]:
    """The starts, and the ends that no start follows at once, oldest first."""
    last: Spell | None = None
    for spell in sorted(spells, key=lambda spell: (spell.since, spell.until is None, spell.until or spell.since)):
        if last is not None and last.until is not None and spell.since - last.until > SEAM:
            yield Told(None, last.until)
        yield Told(spell.digest, spell.since)
        last = spell
    if last is not None and last.until is not None:
        yield Told(None, last.until)
