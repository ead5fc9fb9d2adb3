"""The kinds of polls that are measured, by the names that `--only` takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.bench.polls.againstlimit import FIRST_LOOK, many_repositories, one_repository
from tests.bench.polls.lateness import lateness
from tests.bench.polls.records import moving, unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.polls.results import Result

AWAY = 0.03  # seconds


@dataclass(frozen=True, slots=True)
class Case:
    """`run(name, database)` measures it, on `every_database` or the one of production alone.

    What is `long` takes many minutes, and is measured when it is asked for by name.
    """

    name: str
    run: Callable[[str, str], Iterator[Result]]
    needs: tuple[str, ...] = ()  # programs
    every_database: bool = False
    long: bool = False


REAL = ("docker-registry", "redis-server")
CASES = (
    Case("tags", one_repository, needs=REAL),
    Case("repositories", many_repositories, needs=REAL),
    Case("tags-away", partial(one_repository, away=AWAY, rounds=1, looks=(FIRST_LOOK,)), needs=REAL),
    Case("repositories-away", partial(many_repositories, away=AWAY, rounds=1), needs=REAL),
    Case("unchanged-100", partial(unchanged, tags=100), every_database=True),
    Case("unchanged-10000", partial(unchanged, tags=10_000), every_database=True),
    Case("unchanged-1000000", partial(unchanged, tags=1_000_000, times=3), every_database=True, long=True),
    Case("lateness", partial(lateness, seconds=60), needs=("redis-server",)),
    Case("lateness-whole", partial(lateness, seconds=600), needs=("redis-server",), long=True),
    Case("moving", partial(moving, tags=100_000), every_database=True, long=True),
)
