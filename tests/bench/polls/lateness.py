"""How late polls begin when thousands of repositories are watched: a part of their interval, as it would be in it."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from regviewer.parts import WORKER_PROCESSES
from tests.bench.databases import DATABASES, environment
from tests.bench.polls.children import NotMeasured, answer_of
from tests.bench.polls.meter import total
from tests.bench.polls.names import WARM_UP, numbered, tag_names
from tests.bench.polls.network import LeanRegistry
from tests.bench.polls.results import Figure, Result
from tests.bench.polls.workers import working
from tests.services import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.polls.meter import Spent
    from tests.bench.polls.workers import Workers

SPARE = 1.2  # of those that are filled: which fall due is a matter of their names
SECONDS_TO_CATCH_UP = 300


def lateness(
    case: str, database: str, *, repositories: int = 5000, tags: int = 400, interval: int = 600, seconds: int
) -> Iterator[Result]:
    """So many seconds of the interval, with just those polls that fall due in them, and nothing new in any of them.

    All repositories have their rows, those that fall due have their tags too: in the whole interval, each of them.
    """
    filled = min(round(repositories * seconds / interval * SPARE) + 10, repositories)
    registry, redis = LeanRegistry(tag_names(tags)), Redis()
    redis.start()
    try:
        with (
            registry.serving() as address,
            DATABASES[database]() as create,
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
        ):
            settings = environment(create("polls"), redis.url)
            answer_of("fills", address, tags, filled, environment=settings)
            with working(settings, Path(folder)) as workers:
                answer_of("fleet", address, *numbered(WARM_UP, 2 * WORKER_PROCESSES), "--anew", environment=settings)
                due = answer_of("schedule", address, repositories, interval, seconds, environment=settings)
                polls = _first_polls(workers, due, seconds)
    finally:
        redis.stop()
    yield from _told(case, database, polls, due, f"{repositories} x {tags} tags, {seconds} of {interval} s")


def _first_polls(workers: Workers, due: dict[str, float], seconds: int) -> dict[str, Spent]:
    """The first poll of each that fell due. Raises NotMeasured when some are not even polled minutes later."""
    end = time.monotonic() + seconds + SECONDS_TO_CATCH_UP
    while True:
        time.sleep(1)
        polls = workers.first_polls(due, since=min(due.values()))
        if len(polls) == len(due):
            return polls
        if time.monotonic() > end:
            raise NotMeasured(f"{len(due) - len(polls)} of {len(due)} were not polled")


def _told(case: str, database: str, polls: dict[str, Spent], due: dict[str, float], label: str) -> Iterator[Result]:
    late = [poll.begin.at - due[name] for name, poll in polls.items()]
    cost = total(polls.values(), since=min(due.values()))
    busy = sum(poll.end.at - poll.begin.at for poll in polls.values()) / WORKER_PROCESSES / cost.seconds
    yield Result(case, f"{label}: {len(due)} polls", database, cost)
    percentiles = statistics.quantiles(late, n=20, method="inclusive")
    figures = {
        "begun late, half of them by": Figure(percentiles[9], " s"),
        "95 of 100 by": Figure(percentiles[18], " s"),
        "all by": Figure(max(late), " s"),
        f"share of a worker of {WORKER_PROCESSES} processes": Figure(busy * 100, " %"),
        "share of a processor": Figure(cost.cpu / cost.seconds * 100, " %"),
    }
    for words, figure in figures.items():
        yield Result(case, words, database, figure=figure)
