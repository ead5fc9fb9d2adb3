"""Measures the pages, one after the other, and tells what came out."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.table import Table

from tests.bench.databases import DATABASES
from tests.bench.pages.cases import CASES, Case
from tests.bench.pages.measuring import NotShown, Served, Shown, chromium, served, shown
from tests.bench.pages.serving import fill, web_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser
    from rich.console import Console


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
    def label(self) -> str:
        return self.case.label

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
