"""Names and digests on a page."""

from __future__ import annotations

import zlib

from django import template

from tags.models.movement import short
from tags.pages import standing

register = template.Library()

HUES = 10
# The names that most teams have get hues that are far apart; any other name gets the one of its checksum.
KNOWN = {"production": 0, "qatesting": 1, "latest": 2, "rollback": 3, "perftesting": 4, "staging": 5, "nightly": 6}


@register.filter
def hue(name: str) -> int:
    """The number of a pointer's colour: the same on every page, for ever."""
    return KNOWN.get(name, zlib.crc32(name.encode()) % HUES)


@register.filter
def content(digest: str) -> str:
    """The seven characters that people compare."""
    return digest.partition(":")[2][:7]


@register.filter
def nameless(was: str) -> str:
    """Says "no version tag (was 2.1)", from what an image was last called."""
    return standing.nameless(was)


@register.filter
def short_digest(digest: str) -> str:
    return short(digest)
