"""The API is asked on 15 May 2026 at 14:00 in Berlin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client

from tests.factories import NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def _now(db: None) -> Iterator[None]:
    with time_machine.travel(NOW + 5 * SECOND, tick=False):
        yield


@pytest.fixture
def ask(_now: None) -> Callable[..., Any]:
    """What is answered to GET /api/v1/..., which succeeds unless another status is named."""

    def asked(address: str, status: int = 200, **query: object) -> Any:
        response = Client().get(f"/api/v1/{address}", query)
        assert response.status_code == status, response.content
        assert response.headers["Content-Type"].startswith("application/json")
        return response.json()

    return asked


@pytest.fixture
def all_of(ask: Callable[..., Any]) -> Callable[..., list[Any]]:
    """All items of a list, page by page."""

    def followed(address: str, **query: object) -> list[Any]:
        items, cursor = [], None
        while True:
            answer = ask(address, **query, **({"cursor": cursor} if cursor else {}))
            items += answer["items"]
            cursor = answer["next"]
            if cursor is None:
                return items

    return followed
