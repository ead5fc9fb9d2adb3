"""Pasts that several pages are tested with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.factories import MINUTE, NOW, look, watch

if TYPE_CHECKING:
    from tags.models import Repository


def long_story() -> None:
    """Twenty-five moves of one pointer."""
    repository = watch()
    versions = {f"1.{number}": str(number) for number in range(26)}
    for number in range(26):
        look(repository, {**versions, "latest": str(number)}, NOW - (25 - number) * 5 * MINUTE)


# Moments within the two moves of `gone_and_back`.
GOING, COMING = "2026-05-15T11:52:00Z", "2026-05-15T11:57:00Z"


def gone_and_back() -> Repository:
    """Production was on 1.0, was removed, and came back on 1.1, when canary appeared on 1.0."""
    repository = watch()
    versions = {"1.0": "a", "1.1": "b"}
    for minutes in (15, 10):
        look(repository, {**versions, "production": "a"}, NOW - minutes * MINUTE)
    look(repository, versions, NOW - 5 * MINUTE)
    look(repository, {**versions, "production": "b", "canary": "a"}, NOW)
    return repository
