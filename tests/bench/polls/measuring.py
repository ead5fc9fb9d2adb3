"""Measures the kinds of polls, one after the other."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

from tests.bench.polls.cases import CASES, Case
from tests.bench.polls.children import NotMeasured
from tests.bench.polls.results import Result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rich.console import Console


def measure(databases: Sequence[str], names: Collection[str], console: Console) -> Iterator[Result]:
    for case in CASES:
        if case.name not in names:
            continue
        for database in databases if case.every_database else databases[-1:]:
            begun = time.monotonic()
            yield from one(case, database)
            console.print(f"{case.name} on {database}: {time.monotonic() - begun:.0f} s in all")


def one(case: Case, database: str) -> Iterator[Result]:
    missing = [program for program in case.needs if shutil.which(program) is None]
    try:
        if missing:
            raise NotMeasured(f"{' and '.join(missing)} must be installed")
        yield from case.run(case.name, database)
    except NotMeasured as trouble:
        yield Result(case.name, case.name, database, trouble=str(trouble))
