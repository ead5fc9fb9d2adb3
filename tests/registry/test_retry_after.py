from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry.retry_after import LONGEST, seconds_to_wait
from tests.registry.cases import cases

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@cases("retry_after")
def test_reads_what_registries_send(case: dict[str, Any]) -> None:
    assert seconds_to_wait(case["value"], datetime.fromisoformat(case["now"])) == case["expect_s"]


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), ("30", 30), ("Thu, 01 Jan 2026 00:00:30 -0000", 30)])
def test_reads_seconds_and_dates(value: str, seconds: float) -> None:
    assert seconds_to_wait(value, NOW) == seconds


@pytest.mark.parametrize("value", ["86400", "9" * 5000, "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_nobody_switches_the_polling_off(value: str) -> None:
    assert seconds_to_wait(value, NOW) == LONGEST


@pytest.mark.parametrize(
    "value", [None, "880.092µs", "٣", "Thu, 99 Jan 2026 00:00:30 GMT", "Thu, 01 Jan 99999 00:00 GMT"]
)
def test_nonsense_is_no_time(value: str | None) -> None:
    assert seconds_to_wait(value, NOW) is None
