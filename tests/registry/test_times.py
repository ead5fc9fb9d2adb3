from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry.times import epoch_seconds, when


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2021-01-05T21:06:53Z", datetime(2021, 1, 5, 21, 6, 53, tzinfo=UTC)),
        ("2021-01-05t21:06:53z", datetime(2021, 1, 5, 21, 6, 53, tzinfo=UTC)),
        ("2021-01-05T21:06:53.5Z", datetime(2021, 1, 5, 21, 6, 53, 500_000, tzinfo=UTC)),
        ("2021-01-05T21:06:53.506400Z", datetime(2021, 1, 5, 21, 6, 53, 506_400, tzinfo=UTC)),
        ("2018-09-06T06:17:21.0856539Z", datetime(2018, 9, 6, 6, 17, 21, 85_653, tzinfo=UTC)),
        ("2018-09-06T06:17:21.085653912Z", datetime(2018, 9, 6, 6, 17, 21, 85_653, tzinfo=UTC)),
        ("2021-01-05T23:06:53+02:00", datetime(2021, 1, 5, 21, 6, 53, tzinfo=UTC)),
        ("2021-01-05T13:06:53.000-0800", datetime(2021, 1, 5, 21, 6, 53, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_to_the_microsecond_whatever_its_offset(text: str, moment: datetime) -> None:
    assert when(text) == moment
    assert str(when(text)).endswith("+00:00")


@pytest.mark.parametrize(
    "text",
    [
        None,
        7,
        "",
        "yesterday",
        "2021-01-05",
        "2021-01-05T21:06:53",
        "2021-02-30T21:06:53Z",
        "2021-01-05T21:06:53.1234567890Z",
        "2021-01-05T21:06:60Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59Z",
        "10000-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "٢٠٢١-01-05T21:06:53Z",
        "2021-01-05T21:06:53+99:99",
    ],
)
def test_what_is_no_time_or_stands_for_none_is_none(text: Any) -> None:
    assert when(text) is None


def test_seconds_come_as_numbers_or_digits() -> None:
    moment = datetime(2021, 4, 9, 20, 57, 36, tzinfo=UTC)
    assert epoch_seconds(1618001856) == epoch_seconds("1618001856") == moment


@pytest.mark.parametrize(
    "value", [None, True, "", "x", 0, "0", -1, "-62135596800000", 1e300, 10**400, "9" * 400, "nan", "inf", [], {}]
)
def test_what_is_no_time_in_numbers_is_none(value: Any) -> None:
    assert epoch_seconds(value) is None
