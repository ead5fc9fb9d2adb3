"""What a trial measures, and what it may at most or at least be."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.world import SECONDS_AFTER_A_KILL, SECONDS_TO_COME_BACK, SECONDS_TO_SETTLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.chaos.oracle import Look
    from tests.chaos.world import World

    Run = Callable[[World, int], Iterator["Figure"]]

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def holds(self) -> bool:
        too_much = self.most is not None and self.value > self.most
        too_little = self.least is not None and self.value < self.least
        return not (too_much or too_little)

    def __str__(self) -> str:
        words = f"{self.name} {self.value:.4g}{self.unit}"
        if self.most is not None:
            words += f" (at most {self.most:g})"
        if self.least is not None:
            words += f" (at least {self.least:g})"
        return words if self.holds else f"{words}!"


@dataclass(frozen=True, slots=True)
class Hit:
    """When something happened, and to which repositories it did."""

    at: float
    repositories: Sequence[str]


def hits(found: Sequence[Hit], times: int) -> Figure:
    return Figure("hit", len(found), f" of {times}", least=times)


def next_looks(world: World, found: Sequence[Hit]) -> Figure:
    """The longest time from a hit to the end of the next complete look that began after it."""
    waited = [seconds for hit in found for seconds in until_looked_at(world, hit)]
    return Figure("next complete poll after", max(waited, default=NEVER), " s", most=SECONDS_AFTER_A_KILL)


def consuming_again(world: World, ends: Sequence[Hit]) -> Iterator[Figure]:
    """After an outage: the longest time until any repository was looked at, and until all were."""
    waited = [until_looked_at(world, end) for end in ends]
    first = max((min(seconds) for seconds in waited), default=NEVER)
    yield Figure("consuming again after", first, " s", most=SECONDS_TO_COME_BACK)
    yield Figure("all of them after", max(map(max, waited), default=NEVER), " s", most=SECONDS_AFTER_A_KILL)


def until_looked_at(world: World, hit: Hit) -> list[float]:
    """Seconds, for each repository that was hit; waits for it as long as there is hope."""
    while True:
        looks = world.product.looks()
        found = [_first(looks, name, hit.at) - hit.at for name in hit.repositories]
        if NEVER not in found or time.time() > hit.at + SECONDS_TO_SETTLE:
            return found
        time.sleep(0.5)


def _first(looks: Mapping[str, Sequence[Look]], repository: str, at: float) -> float:
    return next((look.ended for look in looks.get(repository, ()) if look.begun > at), NEVER)
