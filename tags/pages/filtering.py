"""What people type into a filter: a part of a name, or the beginning of a digest."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from tags.models.searching import digest_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_COMPARED = 2000  # names that a wrong spelling is held against: it takes some time each


def is_in(text: str, names: Iterable[str]) -> bool:
    """Whether the text is in one of the names, whatever the case; no text is in all of them."""
    return any(text.casefold() in name.casefold() for name in names)


def begins(text: str, digest: str | None) -> bool:
    """Whether a digest, with or without its algorithm, begins with the text."""
    return digest is not None and any(first <= digest < last for first, last in digest_ranges(text))


def did_you_mean(text: str, names: Iterable[str]) -> str:
    """The name that is spelled most like the text; empty when none is."""
    close = get_close_matches(text, islice(dict.fromkeys(names), MOST_COMPARED), n=1)
    return close[0] if close else ""
