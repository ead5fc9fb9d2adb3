"""What the repositories and tags that are polled are called."""

from __future__ import annotations

REPOSITORY = "shop/app"
WARM_UP = "warm-up/app"
POINTERS = (
    *("production", "staging", "qatesting", "perftesting", "rollback"),
    *("latest", "nightly", "canary", "demo", "training"),
)


def tag_names(count: int) -> list[str]:
    """Ten pointers, the rest versions."""
    numbers = range(count - len(POINTERS))
    return [*(f"{number // 100 + 1}.{number // 10 % 10}.{number % 10}" for number in numbers), *POINTERS]


def numbered(name: str, count: int) -> list[str]:
    return [f"{name}-{number:04}" for number in range(count)]
