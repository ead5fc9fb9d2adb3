"""Measures the pages and the polls; prints a table of each, and writes all of it down as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import django
from rich.console import Console

import tests.bench.pages.results as pages
import tests.bench.polls.results as polls
from tests.bench.databases import DATABASES, has_postgresql
from tests.bench.pages.cases import FILLS
from tests.bench.pages.measuring import CHROMIUM
from tests.bench.pages.results import measure as measure_pages
from tests.bench.polls.cases import CASES
from tests.bench.polls.measuring import measure as measure_polls

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 150  # for what is no terminal
LONG = tuple(case.name for case in CASES if case.long)
NAMES = {"pages": FILLS, "polls": tuple(case.name for case in CASES)}
TABLES = {"pages": pages.table, "polls": polls.table}


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=NAMES, help="measure one of the two")
    parser.add_argument(
        "--only",
        action="append",
        choices=[name for names in NAMES.values() for name in names],
        help=f"measure these only; {', '.join(LONG)} take many minutes, and are measured only when they are named",
    )
    parser.add_argument("--database", action="append", choices=DATABASES, help="on these only")
    parser.add_argument("--requests", type=int, default=50, help="how many of each page (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("bench.json"), help="the JSON (default: %(default)s)")
    asked = parser.parse_args(arguments)
    if asked.requests < 2:
        parser.error("it takes two requests at least")
    return asked


def chosen(part: str, asked: argparse.Namespace) -> list[str]:
    """What is to be measured of one of the two."""
    if asked.part not in (None, part):
        return []
    return [name for name in NAMES[part] if (name in asked.only if asked.only else name not in LONG)]


def measure(
    asked: argparse.Namespace, databases: Sequence[str], console: Console
) -> Iterator[tuple[str, pages.Result | polls.Result]]:
    """Each result as it comes, and what it is of."""
    if fills := chosen("pages", asked):
        yield from (("pages", result) for result in measure_pages(databases, fills, asked.requests, console))
    if cases := chosen("polls", asked):
        yield from (("polls", result) for result in measure_polls(databases, cases, console))


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    if chosen("pages", asked) and not CHROMIUM.exists():
        console.print(f"There is no {CHROMIUM}: install Chromium, it is measured as well.")
        return 2
    databases = asked.database or list(DATABASES)
    if "postgresql" in databases and not has_postgresql():
        console.print("PostgreSQL is not installed here: what is measured on it is left out.")
        databases = [name for name in databases if name != "postgresql"]
    began = os.getloadavg()[0]
    results: dict[str, list[pages.Result | polls.Result]] = {part: [] for part in NAMES}
    with suppress(KeyboardInterrupt):  # what was measured until then is told
        for part, result in measure(asked, databases, console):
            results[part].append(result)
            console.print(f"  {result.label}: {result.words}")
    report = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "django": django.get_version(),
        "processors": os.cpu_count(),
        "load_before": began,
        **{part: [result.facts for result in some] for part, some in results.items() if some},
    }
    asked.output.write_text(json.dumps(report, indent=1) + "\n")
    for part, some in results.items():
        if some:
            console.print(TABLES[part](some))
    console.print(
        f"Written to {asked.output}; the machine's load was {began:.1f} before, {os.getloadavg()[0]:.1f} after."
    )
    return 1 if any(result.trouble for some in results.values() for result in some) else 0


def stop(_signal: int, _frame: object) -> None:
    """End as after Ctrl-C, so that servers and databases go as well."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main(sys.argv[1:]))
