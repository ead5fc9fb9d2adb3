"""A page of a list, by the place of its last row and never by a count: rows that are added shift nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Row = TypeVar("Row")


def page(
    rows: Iterable[Row],
    limit: int,
    place: Callable[[Row], str],
    items: Callable[[Sequence[Row]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Answer the first `limit` of `rows`, of which one more was asked for to know whether anything follows."""
    read = list(rows)
    shown = read[:limit]
    return {"items": items(shown), "next": place(shown[-1]) if len(read) > limit else None}
