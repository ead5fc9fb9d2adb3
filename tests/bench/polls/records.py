"""What polls of the lean registry cost a database that was filled with what they find there, or what was before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.databases import DATABASES, environment
from tests.bench.polls.children import NotMeasured, answer_of
from tests.bench.polls.meter import Cost, Spent, total
from tests.bench.polls.names import REPOSITORY, WARM_UP, tag_names
from tests.bench.polls.network import LeanRegistry
from tests.bench.polls.results import Figure, Result

if TYPE_CHECKING:
    from collections.abc import Iterator

BUDGETS = {10_000: 100}  # milliseconds of the database, by the number of tags
MOST_TOLD_AT_ONCE = 100_000  # tags: more are no page that anybody would read


def unchanged(case: str, database: str, *, tags: int, times: int = 5) -> Iterator[Result]:
    """Polls that find everything where it was, of a registry to be asked tag by tag and of one that tells all at once.

    It tells over HTTP, so that it is the whole poll, in as many parts as that may have; its time is not the figure. Of
    several polls the one counts that was the least disturbed.
    """
    registry = LeanRegistry(tag_names(tags))
    with registry.serving() as address, DATABASES[database]() as create:
        settings = environment(create("polls"))
        answer_of("fills", address, tags, 1, environment=settings)
        for registry.tells_digests in (False, True) if tags <= MOST_TOLD_AT_ONCE else (False,):
            arguments = (address, REPOSITORY, "--warm-up", REPOSITORY, "--times", times)
            polls = [Spent.from_facts(facts) for facts in answer_of("poller", *arguments, environment=settings)]
            if any(poll.movements or poll.outcome != "complete" for poll in polls):
                raise NotMeasured(f"not all was as it had been: {polls}")
            cost = min((total([poll]) for poll in polls), key=_milliseconds)
            label = f"{tags} tags, {'told in bulk' if registry.tells_digests else 'as scheduled'}"
            yield Result(case, label, database, cost, Figure(_milliseconds(cost), " ms db", BUDGETS.get(tags)))


def moving(case: str, database: str, *, tags: int) -> Iterator[Result]:
    """One poll finds that every tag points elsewhere."""
    registry = LeanRegistry(tag_names(tags))
    with registry.serving() as address, DATABASES[database]() as create:
        settings = environment(create("polls"))
        answer_of("fills", address, tags, 1, environment=settings)
        registry.has_moved = registry.tells_digests = True
        arguments = (address, REPOSITORY, "--warm-up", WARM_UP)
        [poll] = map(Spent.from_facts, answer_of("poller", *arguments, environment=settings))
    if poll.movements != tags:
        raise NotMeasured(f"{poll.movements} movements of {tags}: {poll.outcome} {poll.error}")
    cost = total([poll])
    yield Result(case, f"{tags} tags, all move", database, cost, Figure(_milliseconds(cost), " ms db"))


def _milliseconds(cost: Cost) -> float:
    return (cost.database or 0) * 1000
