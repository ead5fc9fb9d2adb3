import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry import (
    BadAnswer,
    Cancelled,
    CredentialsRefused,
    Forbidden,
    Origin,
    RateLimited,
    RegistryError,
    RepositoryMissing,
    ServerError,
    TooLarge,
)
from tags.registry.transport import Request, Response
from tags.registry.vendors import amazon
from tags.registry.vendors.amazon import Api
from tags.registry.vendors.sigv4 import AccessKey

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
API = Api(
    Origin("https", "api.ecr.eu-west-1.amazonaws.com", 443), "Registry_V1", "ecr", "eu-west-1", AccessKey("A", "s")
)


def answering(*answers: tuple[int, object]) -> Callable[[Request], Response]:
    """Gives one answer after the other, and the last for ever."""
    rest = list(answers)

    def send(request: Request) -> Response:
        status, body = rest.pop(0) if len(rest) > 1 else rest[0]
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Response(request, request.url, status, {}, raw, NOW, NOW)

    return send


def counting() -> Callable[[Request], Response]:
    """Answers without end."""
    count = iter(range(10**9))
    return lambda request: answering((200, {"nextToken": str(next(count))}))(request)


def test_an_action_is_named_in_a_header_and_what_is_asked_is_json():
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return answering((200, {"found": 1}))(request)

    _, found = API.ask(send, "Find", {"what": "x"})
    assert found == {"found": 1}
    assert sent[0].headers["X-Amz-Target"] == "Registry_V1.Find"
    assert (sent[0].method, sent[0].url) == ("POST", "https://api.ecr.eu-west-1.amazonaws.com/")
    assert json.loads(sent[0].body or b"") == {"what": "x"}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"__type": "ThrottlingException"}, RateLimited),
        (400, {"__type": "com.amazon.coral.availability#ThrottlingException"}, RateLimited),
        (400, {"__type": "RepositoryNotFoundException"}, RepositoryMissing),
        (400, {"__type": "AccessDeniedException"}, Forbidden),
        (400, {"__type": "com.amazon.coral.service#UnrecognizedClientException"}, CredentialsRefused),
        (400, {"__type": "InvalidSignatureException"}, CredentialsRefused),
        (400, {"__type": "SomethingElseException"}, BadAnswer),
        (400, {"__type": ["ThrottlingException"]}, BadAnswer),
        (400, {}, BadAnswer),
        (400, [], BadAnswer),
        (400, b"<html>", BadAnswer),
        (429, {}, RateLimited),
        (503, {}, ServerError),
        (200, b"<html>", BadAnswer),
        (200, [], BadAnswer),
    ],
)
def test_an_error_is_what_its_name_or_its_status_says(status: int, body: object, error: type[RegistryError]):
    with pytest.raises(RegistryError) as raised:
        API.ask(answering((status, body)), "Find", {})
    assert type(raised.value) is error


def found(send: Callable[[Request], Response], **options: Any) -> list[dict[str, Any]]:
    return [part for _, part in API.parts(send, "Find", {}, **options)]


def test_an_answer_in_parts_is_read_to_its_end():
    assert len(found(answering((200, {"nextToken": "a"}), (200, {"nextToken": "b"}), (200, {})))) == 3


@pytest.mark.parametrize("token", ["same", 7, ["x"], {"x": 1}])
def test_a_part_that_leads_nowhere_is_a_bad_answer(token: object):
    with pytest.raises(BadAnswer):
        found(answering((200, {"nextToken": token})))


def test_an_answer_without_end_is_too_large():
    with pytest.raises(TooLarge):
        found(counting())


def test_no_further_part_is_asked_for_once_somebody_wants_to_stop():
    def stop() -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        found(counting(), check=stop)


def test_parts_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(amazon, "MOST_SECONDS", -1)
    with pytest.raises(TooLarge):
        found(answering((200, {"nextToken": "a"}), (200, {})))
