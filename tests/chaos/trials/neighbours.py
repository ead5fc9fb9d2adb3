"""How late healthy registries are beside one that accepts connections and never answers."""

from __future__ import annotations

import time
import zlib
from contextlib import ExitStack
from itertools import pairwise
from statistics import mean, quantiles
from typing import TYPE_CHECKING

from django.utils import timezone

from tests import faults
from tests.chaos.trials.figures import Figure
from tests.fakeregistry import FakeRegistry
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.product import Polled
    from tests.chaos.world import World

HEALTHY = 20
REPOSITORIES = 3  # of each
TAGS = ("1.0.0", "1.1.0", "latest", "production")
INTERVAL = 15
SECONDS_OF_A_ROUND = 120
SECONDS_TO_GIVE_UP = 120
MOST_GROWTH = 10  # percent


def beside_a_silent_one(world: World, times: int) -> Iterator[Figure]:
    """Rounds without it and with it by turns, for a machine is not always as busy.

    Each round with it begins as if nobody knew yet that it does not answer: that is when it costs most.
    """
    alone: list[float] = []
    beside: list[float] = []
    with ExitStack() as open_registries:
        references = healthy_ones(world, open_registries)
        world.registry.fault(faults.hang())
        for _ in range(times):
            silent = world.rows()[0].registry
            world.rows().update(enabled=False)
            wait_until(lambda: not world.rows().leased().exists(), SECONDS_TO_GIVE_UP)
            alone += a_round(world, references)
            silent.failures, silent.retry_at = 0, None
            silent.save(update_fields=["failures", "retry_at"])
            world.rows().update(enabled=True, next_poll_at=timezone.now())
            beside += a_round(world, references)
    yield Figure("polls alone", len(alone))
    yield Figure("polls beside it", len(beside), least=len(alone) * 0.9)
    yield Figure("mean lateness alone", mean(alone), " s")
    yield Figure("mean lateness beside it", mean(beside), " s")
    yield Figure("95 of 100 alone", quantiles(alone, n=20)[-1], " s")
    yield Figure("95 of 100 beside it", quantiles(beside, n=20)[-1], " s")
    yield Figure("growth", 100 * (mean(beside) / mean(alone) - 1), " %", most=MOST_GROWTH)


def healthy_ones(world: World, open_registries: ExitStack) -> set[str]:
    """The references of what they hold, which is watched."""
    references = set()
    for number in range(HEALTHY):
        registry = open_registries.enter_context(FakeRegistry())
        for name in (f"healthy{number}/app{one}" for one in range(REPOSITORIES)):
            references.add(f"{registry.address}/{name}")
            for tag in TAGS:
                registry.push(name, tag)
    world.product.manage("watch", "--plain-http", "--interval", str(INTERVAL), *references)
    return references


def a_round(world: World, references: set[str]) -> list[float]:
    begun = time.time()
    time.sleep(SECONDS_OF_A_ROUND)
    polls = list(world.product.polls())
    return [late for name in references for late in lateness([one for one in polls if one.reference == name], begun)]


def lateness(polls: Sequence[Polled], since: float) -> Iterator[float]:
    """Seconds from when each poll of a repository was due, at its place in the interval, until it began."""
    for last, poll in pairwise(polls):
        if poll.begun >= since:
            place = zlib.crc32(poll.reference.encode()) % INTERVAL
            due = last.ended + INTERVAL - (last.ended - place) % INTERVAL
            yield poll.begun - due
