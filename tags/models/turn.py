"""Which of the tags that a registry lists a scheduled poll looks at."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tags.models.sweep import slice_of
from tags.models.tag import is_swept

if TYPE_CHECKING:
    from collections.abc import Iterable, Set

    from tags.models.looks import Looks
    from tags.models.tag import TagQuerySet


def fingerprint(names: Iterable[str]) -> str:
    """Tells two sets of tags apart without the names: whoever has seen just these before need not read them again."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def turn(tags: TagQuerySet, looks: Looks, slices: Set[int], listed: Set[str], known: str) -> set[str]:
    """Of the listed tags those that a scheduled poll looks at, and all that were there and are not listed any more.

    That is what is meant to move, and the `slices` of the sweep that are due. A version that missed its last turn, that
    somebody wants looked at, or that is disputed, is looked at until it answers, and at once a tag that nobody knows:
    which ones that are is read only when the listed names have another fingerprint than the `known` one.
    """
    knows_all = fingerprint(listed) == known
    rows = (tags.restless() if knows_all else tags.present()).order_by()
    there, each_time = set(), set()
    for name, role, state, swept, wanted_at, disputed_since, looked_at in rows.values_list(
        "name", "role", "state", "swept", "wanted_at", "disputed_since", "looked_at"
    ):
        there.add(name)
        missed_its_turn = looked_at and (last := looks.of(name, swept=True)) and looked_at < last
        if not (swept and is_swept(role, state)) or wanted_at or disputed_since or missed_its_turn:
            each_time.add(name)
    due = {name for name in listed if name in each_time or slice_of(name) in slices}
    return due if knows_all else due | (listed ^ there)
