"""Polls of a real docker-registry and, by turns with them, the limit: HEADs of the same tags and nothing else."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from regviewer.parts import WORKER_PROCESSES
from tests.bench.databases import DATABASES, environment, migrate
from tests.bench.polls.children import NotMeasured, answer_of, limit
from tests.bench.polls.dockerregistry import FilledRegistry
from tests.bench.polls.meter import Cost, Spent, total
from tests.bench.polls.names import REPOSITORY, WARM_UP, numbered, tag_names
from tests.bench.polls.network import far_away
from tests.bench.polls.results import Figure, Result
from tests.bench.polls.workers import working
from tests.services import Redis

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

CONNECTIONS = 8  # as many as a registry is asked on unless somebody sets another number
WORKERS = 2
PROCESSES = WORKERS * WORKER_PROCESSES
BUDGET = 1.3
FIRST_LOOK = ("first look", "--anew")
ANOTHER_LOOK = ("every tag again", "--every-tag")


def one_repository(
    case: str,
    database: str,
    *,
    tags: int = 5000,
    away: float = 0,
    rounds: int = 2,
    looks: Sequence[tuple[str, str]] = (FIRST_LOOK, ANOTHER_LOOK),
) -> Iterator[Result]:
    """One process polls it; its registry is so many seconds `away`. Of the rounds of each the quietest counts."""
    names = tag_names(tags)
    limits: list[Cost] = []
    polls: dict[str, list[Cost]] = {label: [] for label, _option in looks}
    with _surroundings(database, {REPOSITORY: names, WARM_UP: names[:20]}, away) as (address, settings, _folder):
        for _ in range(rounds):
            limits.append(limit(address, _paths(REPOSITORY, names), CONNECTIONS))
            for label, option in looks:
                arguments = (address, REPOSITORY, "--warm-up", WARM_UP, option)
                [spent] = map(Spent.from_facts, answer_of("poller", *arguments, environment=settings))
                polls[label].append(total(_complete([spent], tags)))
    yield _limit(case, limits, f"{tags} HEADs")
    for label, costs in polls.items():
        yield _held_against(limits, Result(case, f"{label} at {tags} tags", database, _quietest(costs)), costs)


def many_repositories(
    case: str,
    database: str,
    *,
    repositories: int = 200,
    tags: int = 50,
    away: float = 0,
    rounds: int = 2,
    looks: Sequence[tuple[str, str]] = (FIRST_LOOK, ANOTHER_LOOK),
) -> Iterator[Result]:
    """Two workers of the product poll them, all due at once.

    So what beat, the dispatcher and Redis do in between is part of it; they share the machine, as the registry does.
    """
    names = tag_names(tags)
    fleet, warm_up = numbered(REPOSITORY, repositories), numbered(WARM_UP, 4 * PROCESSES)
    paths = [path for repository in fleet for path in _paths(repository, names)]
    limits: list[Cost] = []
    costs: dict[str, list[Cost]] = {label: [] for label, _option in looks}
    busy: dict[str, list[float]] = {label: [] for label, _option in looks}
    with (
        _surroundings(database, dict.fromkeys((*fleet, *warm_up), names), away) as (address, settings, folder),
        working(settings, folder, WORKERS) as workers,
    ):
        answer_of("fleet", address, *warm_up, "--anew", environment=settings)
        for _ in range(rounds):
            limits.append(limit(address, paths, CONNECTIONS))
            for label, option in looks:
                due = answer_of("fleet", address, *fleet, option, environment=settings)
                spent = _complete(workers.first_polls(fleet, since=due).values(), tags)
                costs[label].append(total(spent, since=due))
                in_work = sum(poll.end.at - poll.begin.at for poll in spent)
                busy[label].append(in_work / PROCESSES / costs[label][-1].seconds)
    yield _limit(case, limits, f"{len(paths)} HEADs")
    for label in costs:
        told = f"{label} at {repositories} x {tags} tags by {WORKERS} workers, busy {max(busy[label]):.0%}"
        result = Result(case, told, database, _quietest(costs[label]), more={"busy": busy[label]})
        yield _held_against(limits, result, costs[label])


def _paths(repository: str, names: Sequence[str]) -> list[str]:
    return [f"/v2/{repository}/manifests/{name}" for name in names]


@contextmanager
def _surroundings(
    database: str, held: Mapping[str, Sequence[str]], away: float
) -> Iterator[tuple[str, dict[str, str], Path]]:
    """The address of a registry that holds all that, the environment to poll it in, and a folder that goes as well."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        registry, redis = FilledRegistry(folder), Redis()
        for repository, names in held.items():
            registry.fill(repository, names)
        for server in (registry, redis):
            server.start()
            stack.callback(server.stop)
        address = stack.enter_context(far_away(registry.address, away)) if away else registry.address
        settings = environment(stack.enter_context(DATABASES[database]())("polls"), redis.url)
        migrate(settings)
        yield address, settings, folder


def _complete(polls: Collection[Spent], tags: int) -> Collection[Spent]:
    """These, if they saw all there is. Raises NotMeasured."""
    for poll in polls:
        if (poll.outcome, poll.tags) != ("complete", tags):
            raise NotMeasured(f"{poll.outcome}, {poll.tags} tags: {poll.error}")
    return polls


def _quietest(costs: Sequence[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.seconds)


def _limit(case: str, limits: Sequence[Cost], label: str) -> Result:
    return Result(case, f"the limit: {label}", cost=_quietest(limits), more=_rounds(limits))


def _held_against(limits: Sequence[Cost], result: Result, costs: Sequence[Cost]) -> Result:
    ratio = _quietest(costs).seconds / _quietest(limits).seconds
    return replace(result, figure=Figure(ratio, " x the limit", BUDGET), more={**result.more, **_rounds(costs)})


def _rounds(costs: Sequence[Cost]) -> dict[str, list[float]]:
    return {"seconds_of_each_round": [cost.seconds for cost in costs]}
