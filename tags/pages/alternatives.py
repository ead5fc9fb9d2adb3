"""What people ask next when they compare: other pointers, other moments, before and after the last move."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext as _

from tags.pages.compare import told
from tags.pages.journal import last_with_sides, sides
from tags.pages.shortcuts import last_friday

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from tags.models import Tag
    from tags.pages.compare import Side

MOST_POINTERS = 8  # shortcuts to other pointers


class Alternative(NamedTuple):
    """Another comparison at a click; `keeps_moment`: it is asked about the moment of the page, too."""

    title: str
    a: str
    b: str
    keeps_moment: bool = False


def alternatives(a: Side, b: Side | None, pointers: Sequence[Tag], now: dt.datetime) -> list[Alternative]:
    """What people ask next; `pointers` are those of the repository of `a`. One query for each tag."""
    found = []
    tags = [a.tag, b.tag] if b and b.tag.pk != a.tag.pk else [a.tag]
    friday = last_friday(now).moment
    for tag in tags:
        is_alone = len({one.name for one in tags}) == len(tags)
        name = tag.name if is_alone else f"{tag.repository.short_name}:{tag.name}"
        found.append(Alternative(_("%s: last Friday evening and now") % name, told(str(tag), friday), str(tag)))
        move = last_with_sides(tag.movements.all())
        if move and (both := sides(move)):
            found.append(Alternative(_("%s: before and after its last move from one image to another") % name, *both))
    compared = {tag.pk for tag in tags}
    others = [pointer for pointer in pointers if pointer.pk not in compared]
    beside = [
        Alternative(f"{a.tag.name} ↔ {pointer.name}", a.address, str(pointer), keeps_moment=True)
        for pointer in others[:MOST_POINTERS]
    ]
    return [*beside, *found]
