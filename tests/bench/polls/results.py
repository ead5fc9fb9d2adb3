"""What came out of measuring polls."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.polls.meter import Cost

NOTES = (
    "CPU, queries, database and MiB are those of the processes that poll. They, the registry that they ask, database "
    "and broker share this machine. Lateness is measured in a part of the interval: all repositories have their rows, "
    "and those that fall due in it their tags as well."
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a budget is set for, where anybody set one; `unit` follows the value."""

    value: float
    unit: str
    budget: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.2f}{self.unit}" if self.value < 10 else f"{self.value:.0f}{self.unit}"


@dataclass(frozen=True, slots=True)
class Result:
    """One row: a kind of poll on a database, or the limit, which needs none. `more` is told in the JSON alone."""

    case: str
    label: str
    database: str = ""
    cost: Cost | None = None
    figure: Figure | None = None
    more: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def is_over(self) -> bool:
        return bool(self.figure and self.figure.budget and self.figure.value > self.figure.budget)

    @property
    def verdict(self) -> str:
        if self.trouble:
            return self.trouble
        if self.figure is None or self.figure.budget is None:
            return "-"
        return "over" if self.is_over else "ok"

    @property
    def words(self) -> str:
        if self.trouble or not self.cost:
            return self.trouble
        return f"{self.cost.seconds:.1f} s" + (f", {self.figure}" if self.figure else "")

    @property
    def row(self) -> tuple[str, ...]:
        cost, figure = self.cost, self.figure
        return (
            self.case,
            self.label,
            self.database,
            *((f"{cost.seconds:.2f}", f"{cost.cpu:.2f}", str(cost.requests)) if cost else ("", "", "")),
            "" if cost is None or cost.queries is None else str(cost.queries),
            "" if cost is None or cost.database is None else f"{cost.database * 1000:.0f}",
            f"{cost.memory:.0f}" if cost else "",
            str(figure) if figure else "",
            f"{figure.budget:g}{figure.unit}" if figure and figure.budget else "",
            self.verdict,
        )

    @property
    def facts(self) -> dict[str, Any]:
        """As it stands in the JSON."""
        return {
            "case": self.case,
            "polls": self.label,
            "database": self.database,
            "cost": asdict(self.cost) if self.cost else None,
            "figure": asdict(self.figure) if self.figure else None,
            **self.more,
            "verdict": self.verdict,
        }


def table(results: Sequence[Result]) -> Table:
    title = "Polls: seconds, CPU seconds, requests, queries, milliseconds of the database, MiB at the peak"
    drawn = Table(title=title, caption=NOTES)
    for column in ("case", "polls", "database"):
        drawn.add_column(column)
    for column in ("s", "CPU s", "requests", "queries", "db ms", "MiB", "figure", "budget"):
        drawn.add_column(column, justify="right")
    drawn.add_column("verdict")
    for result in results:
        drawn.add_row(*result.row, style="red" if result.trouble or result.is_over else None)
    return drawn
