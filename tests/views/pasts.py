"""Pasts that several pages are tested with."""

from __future__ import annotations

from tests.factories import MINUTE, NOW, look, watch


def long_story() -> None:
    """Twenty-five moves of one pointer."""
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(26)}
    for number in range(26):
        look(repository, {**versions, "latest": str(number)}, NOW - (25 - number) * 5 * MINUTE)
