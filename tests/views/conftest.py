"""The pages are looked at on 15 May 2026 at 14:00 in Berlin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import time_machine

from tests.factories import NOW, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _now(db: None) -> Iterator[None]:
    with time_machine.travel(NOW + 5 * SECOND, tick=False):
        yield
