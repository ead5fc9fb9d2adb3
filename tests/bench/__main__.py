"""Fills databases, measures the pages over them, prints a table and writes it down as JSON."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import signal
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from rich.console import Console
from rich.table import Table

from tests.bench.cases import CASES, FILLS, Case
from tests.bench.measuring import CHROMIUM, NotShown, Served, Shown, chromium, served, shown
from tests.bench.serving import DATABASES, fill, has_postgresql, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser

WIDTH = 132  # for what is no terminal


@dataclass(frozen=True, slots=True)
class Result:
    database: str
    case: Case
    server: Served | None = None
    browser: Shown | None = None
    trouble: str = ""

    @property
    def server_budget(self) -> int | None:
        return self.case.server if self.case.only_on in ("", self.database) else None

    @property
    def is_over(self) -> bool:
        slow = self.server and self.server_budget and self.server.p95 > self.server_budget
        late = self.browser and self.case.content and self.browser.content > self.case.content
        return bool(slow or late)

    @property
    def verdict(self) -> str:
        if self.trouble:
            return self.trouble
        if self.server_budget is None and self.case.content is None:
            return "-"
        return "over" if self.is_over else "ok"

    @property
    def words(self) -> str:
        return f"{self.server.p95:.0f} ms" if self.server else self.trouble

    @property
    def row(self) -> tuple[str, ...]:
        served, shown = self.server, self.browser
        return (
            self.database,
            self.case.fill,
            self.case.label,
            *((f"{served.best:.0f}", f"{served.p50:.0f}", f"{served.p95:.0f}") if served else ("", "", "")),
            str(self.server_budget or ""),
            *((f"{shown.content:.0f}", f"{shown.ready:.0f}") if shown else ("", "")),
            str(self.case.content or ""),
            f"{served.kilobytes:.0f}" if served else "",
            self.verdict,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """As it stands in the JSON."""
        return {
            "database": self.database,
            "fill": self.case.fill,
            "page": self.case.label,
            "path": self.case.path,
            "server": asdict(self.server) if self.server else None,
            "server_budget": self.server_budget,
            "browser": asdict(self.browser) if self.browser else None,
            "content_budget": self.case.content,
            "verdict": self.verdict,
        }


def measure(databases: Sequence[str], fills: Sequence[str], requests: int, console: Console) -> Iterator[Result]:
    for database in databases:
        with DATABASES[database]() as address_of, chromium() as browser:
            for name, cases in groupby(CASES, key=lambda case: case.fill):
                if name not in fills:
                    continue
                began, address = time.monotonic(), address_of(name)
                fill(name, address)
                console.print(f"{database}: filled for {name} in {time.monotonic() - began:.0f} s")
                with web_server(address) as port:
                    yield from (one(database, case, port, browser, requests) for case in cases)


def one(database: str, case: Case, port: int, browser: Browser, requests: int) -> Result:
    try:
        server = served(port, case.path, case.expects, requests)
        return Result(database, case, server, shown(browser, port, case.path))
    except NotShown as trouble:
        return Result(database, case, trouble=str(trouble))


def table(results: Sequence[Result]) -> Table:
    """Times in milliseconds; the server's budget holds for its 95 %, the browser's for its first content."""
    drawn = Table(title="Milliseconds: of the server (best, half, 95 %), and in Chromium until content and until ready")
    for column in ("database", "data", "page"):
        drawn.add_column(column)
    for column in ("best", "50 %", "95 %", "budget", "content", "ready", "budget", "kB"):
        drawn.add_column(column, justify="right")
    drawn.add_column("verdict")
    for result in results:
        drawn.add_row(*result.row, style="red" if result.trouble or result.is_over else None)
    return drawn


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "output", nargs="?", type=Path, default=Path("bench.json"), help="the JSON (default: %(default)s)"
    )
    parser.add_argument("--only", action="append", choices=FILLS, help="measure these only")
    parser.add_argument("--database", action="append", choices=DATABASES, help="on these only")
    parser.add_argument("--requests", type=int, default=50, help="how many of each page (default: %(default)s)")
    asked = parser.parse_args(arguments)
    if asked.requests < 2:
        parser.error("it takes two requests at least")
    return asked


def main(arguments: Sequence[str]) -> int:
    asked = options(arguments)
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    if not CHROMIUM.exists():
        console.print(f"There is no {CHROMIUM}: install Chromium, it is measured as well.")
        return 2
    databases = asked.database or list(DATABASES)
    if "postgresql" in databases and not has_postgresql():
        console.print("PostgreSQL is not installed here: what is measured on it is left out.")
        databases = [name for name in databases if name != "postgresql"]
    began = os.getloadavg()[0]
    results: list[Result] = []
    with suppress(KeyboardInterrupt):  # what was measured until then is told
        for result in measure(databases, asked.only or FILLS, asked.requests, console):
            results.append(result)
            console.print(f"  {result.case.label}: {result.words}")
    console.print(table(results))
    report = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "django": django.get_version(),
        "processors": os.cpu_count(),
        "load_before": began,
        "results": [result.facts for result in results],
    }
    asked.output.write_text(json.dumps(report, indent=1) + "\n")
    console.print(
        f"Written to {asked.output}; the machine's load was {began:.1f} before, {os.getloadavg()[0]:.1f} after."
    )
    return 1 if any(result.trouble for result in results) else 0


def stop(_signal: int, _frame: object) -> None:
    """End as after Ctrl-C, so that servers and databases go as well."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.exit(main(sys.argv[1:]))
