from typing import Any

import pytest

from tags.registry.manifest_map import observations
from tags.registry.pages import Walk

DIGEST = "sha256:" + "1" * 64


def seen(**entry: Any) -> dict[str, Any]:
    return dict(observations(Walk(extras={DIGEST: {"tag": ["v1"], **entry}})))


def test_a_digest_and_its_kind_are_seen_for_each_tag() -> None:
    observations = seen(tag=["v1", "latest"], mediaType="application/json")
    assert {o.tag: (o.digest, o.media_type) for o in observations.values()} == dict.fromkeys(
        ["v1", "latest"], (DIGEST, "application/json")
    )


def test_the_time_a_manifest_was_uploaded_is_not_taken_for_the_time_its_tag_moved() -> None:
    """A tag that is put on an old image would seem to have moved when that image was pushed."""
    assert seen(timeUploadedMs="1618865456521", timeCreatedMs="1618865456521")["v1"].pushed_at is None


@pytest.mark.parametrize("entry", [{"tag": None}, {"tag": []}, {"tag": "v1"}, {"tag": [7, "a b", None]}])
def test_what_is_no_tag_is_left_out(entry: dict[str, Any]) -> None:
    assert seen(**entry) == {}


@pytest.mark.parametrize("extras", [{"latest": {"tag": ["v1"]}}, {DIGEST: []}, {DIGEST: None}, {}])
def test_what_is_no_manifest_is_left_out(extras: dict[str, Any]) -> None:
    assert observations(Walk(extras=extras)) == {}
