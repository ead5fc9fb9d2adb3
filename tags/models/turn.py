"""Which of the tags that a registry lists a scheduled poll looks at."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tags.models.sweep import slice_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Set


def fingerprint(names: Iterable[str]) -> str:
    """Tells two sets of tags apart without the names: whoever has seen just these before need not read them again."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


class Turn(NamedTuple):
    """What is due at one moment: the slices of the sweep whose turn it is, and the tags that are looked at each time.

    `known` are the names that are there as far as anyone knows, read only when they are others than those of the
    `fingerprint`: a tag that nobody knows is looked at at once.
    """

    slices: Set[int]
    names: Set[str]
    fingerprint: str
    known: Callable[[], Collection[str]]

    def of(self, listed: Set[str]) -> set[str]:
        """The listed tags that are to be looked at."""
        due = {name for name in listed if name in self.names or slice_of(name) in self.slices}
        return due if fingerprint(listed) == self.fingerprint else due | (listed - set(self.known()))
