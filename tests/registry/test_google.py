from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry.google import observations
from tags.registry.pages import Walk

DIGEST = "sha256:" + "1" * 64


def seen(**entry: Any) -> dict[str, Any]:
    return dict(observations(Walk(extras={DIGEST: {"tag": ["v1"], **entry}})))


def test_the_push_time_is_in_milliseconds() -> None:
    (observation,) = seen(timeUploadedMs="1618865456521", mediaType="application/json").values()
    assert observation.pushed_at == datetime(2021, 4, 19, 20, 50, 56, 521000, tzinfo=UTC)
    assert (observation.tag, observation.digest, observation.media_type) == ("v1", DIGEST, "application/json")


@pytest.mark.parametrize("time", ["0", "-62135596800000", "9" * 30, "soon", "", None, [], True])
def test_a_time_that_is_none_is_not_kept(time: Any) -> None:
    moment = seen(timeUploadedMs=time)["v1"].pushed_at
    assert moment is None or moment.year == 1970


@pytest.mark.parametrize("entry", [{"tag": None}, {"tag": []}, {"tag": "v1"}, {"tag": [7, "a b", None]}])
def test_what_is_no_tag_is_left_out(entry: dict[str, Any]) -> None:
    assert seen(**entry) == {}


@pytest.mark.parametrize("extras", [{"latest": {"tag": ["v1"]}}, {DIGEST: []}, {DIGEST: None}, {}])
def test_what_is_no_manifest_is_left_out(extras: dict[str, Any]) -> None:
    assert observations(Walk(extras=extras)) == {}
