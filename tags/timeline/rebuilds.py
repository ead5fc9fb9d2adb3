"""Which content of a version's name a digest is, where the version was rebuilt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Rebuild(NamedTuple):
    """A digest is the so-manieth content of a version's name; 0 is the first."""

    name: str
    times: int


def count_rebuilds(moves: Iterable[tuple[str, str | None, str | None]], counted: dict[str, Rebuild]) -> None:
    """Go on counting with these rebuilds (version, digest before, digest after), oldest first; `counted` is by digest.

    What a digest was first, it stays.
    """
    for name, old, new in moves:
        if old is None or new is None:
            continue
        before = counted.setdefault(old, Rebuild(name, 0))
        counted.setdefault(new, Rebuild(name, before.times + 1))
