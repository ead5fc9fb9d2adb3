import json
from base64 import b64encode
from typing import Any

import pytest

from tags.registry.webhooks import Unreadable, read
from tests.registry.cases import cases


def body_of(case: dict[str, Any]) -> bytes:
    """As it would come; Google's inner JSON stands in clear in the recording."""
    body = case["body"]
    if isinstance(body, str):
        return body.encode()
    text = json.dumps(body)
    if case["registry_kind"] == "gar":
        inner = body["message"]["data"].removeprefix("<base64 of> ")
        text = json.dumps({**body, "message": {"data": b64encode(inner.encode()).decode()}})
    return text.encode()


@cases("webhooks")
def test_what_a_registry_sends_is_read_as_moves_of_tags(case: dict[str, Any]) -> None:
    if isinstance(case["body"], str):
        with pytest.raises(Unreadable):
            read(body_of(case))
        return
    told = [
        {"host": a.host, "repository": a.repository, "tag": a.tag, "digest": a.digest, "action": a.action}
        for a in read(body_of(case))
    ]
    assert told == case["expect"]


DIGEST = "sha256:" + "a" * 64

# Shapes of which no recording is at hand, as their documentation gives them.
OTHERS = [
    (
        {"repository": "team/app", "docker_url": "quay.io/team/app", "updated_tags": ["1.0"]},
        "quay.io/team/app:1.0",
        None,
    ),
    (
        {"repository": "team/app", "docker_url": "quay.io/team/app", "updated_tags": {"1.0": "x"}},
        "quay.io/team/app:1.0",
        None,
    ),
    ({"push_data": {"tag": "1.0"}, "repository": {"repo_name": "team/app"}}, "docker.io/team/app:1.0", None),
    (
        {
            "push_data": {"tag": "1.0", "digest": DIGEST},
            "repository": {"repo_full_name": "team/app", "region": "cn-hangzhou"},
        },
        "registry.cn-hangzhou.aliyuncs.com/team/app:1.0",
        DIGEST,
    ),
    (
        {
            "type": "PUSH_ARTIFACT",
            "event_data": {
                "resources": [{"digest": DIGEST, "tag": "1.0", "resource_url": "harbor.dev/team/app:1.0"}],
                "repository": {"repo_full_name": "team/app"},
            },
        },
        "harbor.dev/team/app:1.0",
        DIGEST,
    ),
    (
        {
            "domain": "docker",
            "event_type": "pushed",
            "data": {"repo_key": "local", "image_name": "app", "tag": "1.0", "sha256": "a" * 64},
        },
        "None/local/app:1.0",
        DIGEST,
    ),
    (
        {"action": "CREATED", "component": {"format": "docker", "name": "team/app", "version": "1.0"}},
        "None/team/app:1.0",
        None,
    ),
    (
        {"type": "zotregistry.image.updated", "data": {"name": "team/app", "reference": "1.0", "digest": DIGEST}},
        "None/team/app:1.0",
        DIGEST,
    ),
    (
        {
            "action": "created",
            "package": {
                "type": "container",
                "name": "app",
                "version": "1.0",
                "owner": {"login": "Team"},
                "html_url": "https://git.example.com/Team/-/packages/container/app/1.0",
            },
        },
        "git.example.com/team/app:1.0",
        None,
    ),
    (
        {
            "eventType": "Microsoft.ContainerRegistry.ImagePushed",
            "data": {
                "target": {"repository": "team/app", "tag": "1.0", "digest": DIGEST},
                "request": {"host": "a.azurecr.io"},
            },
        },
        "a.azurecr.io/team/app:1.0",
        DIGEST,
    ),
]


@pytest.mark.parametrize(
    ("event", "reference", "digest"), OTHERS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_other_senders_are_read_by_the_shape_of_what_they_send(
    event: dict[str, Any], reference: str, digest: str | None
) -> None:
    [told] = read(json.dumps(event).encode())
    assert (f"{told.host}/{told.repository}:{told.tag}", told.digest, told.action) == (reference, digest, "push")


@pytest.mark.parametrize(
    "key", ["events", "target", "event_data", "push_data", "package", "message", "detail", "data", "component"]
)
@pytest.mark.parametrize("value", [None, 7, "x", [], [7], [None], {}, {"data": "!"}, {"target": 7}, {"resources": [7]}])
def test_nonsense_where_something_is_expected_is_nothing(key: str, value: object) -> None:
    assert read(json.dumps({key: value, "type": "PUSH_ARTIFACT", "action": "push"}).encode()) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"\xff", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_name_that_cannot_be_one_is_left_out() -> None:
    target = {"repository": "app", "tag": "<script>", "digest": DIGEST}
    assert read(json.dumps({"events": [{"action": "push", "target": target}]}).encode()) == []
