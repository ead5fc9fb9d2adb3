"""What patterns of whole names (`shop/*`) say of where to look for repositories, before any is known."""

import re
from collections.abc import Sequence

from ..reference import is_repository_name

_WILD = re.compile(r"[*?\[]")


def roots(patterns: Sequence[str]) -> tuple[str, ...]:
    """The paths at or below which a pattern's names are: `shop` of `shop/te*`, and the name itself of one without a
    wildcard; none for a pattern that could match anywhere."""
    found = {_above(pattern) if _WILD.search(pattern) else pattern for pattern in patterns}
    return tuple(sorted(filter(is_repository_name, found)))


def leads_to(path: str, patterns: Sequence[str]) -> bool:
    """Whether a pattern's names could be at the path or below it."""
    return any(path.startswith(stem) or stem.startswith(f"{path}/") for stem in map(_stem, patterns))


def _above(pattern: str) -> str:
    return _stem(pattern).rpartition("/")[0]


def _stem(pattern: str) -> str:
    """What every name that the pattern matches begins with: `shop/te` of `shop/te*`."""
    return _WILD.split(pattern)[0]
