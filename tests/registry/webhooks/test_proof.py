import hmac
from base64 import b64encode

import pytest

from tags.registry.webhooks import is_proved

SECRET = "correct horse"
BODY = b'{"events": []}'


def signed(algorithm: str, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), BODY, algorithm).hexdigest()


PROOFS = [
    {"Authorization": SECRET},
    {"Authorization": f"Bearer {SECRET}"},
    {"Authorization": f"Basic {b64encode(f'zot:{SECRET}'.encode()).decode()}"},
    {"X-Hub-Signature-256": f"sha256={signed('sha256')}"},
    {"X-Gitea-Signature": signed("sha256")},
    {"X-Forgejo-Signature": signed("sha256")},
    {"X-JFrog-Event-Auth": SECRET},
    {"X-JFrog-Event-Auth": signed("sha256")},
    {"X-Nexus-Webhook-Signature": signed("sha1")},
]
FORGERIES = [
    {},
    {"Authorization": ""},
    {"Authorization": "correct hors"},
    {"Authorization": "Basic !"},
    {"Authorization": "Basic " + b64encode(b"\xff").decode()},
    {"X-Hub-Signature-256": f"sha256={signed('sha256', 'another')}"},
    {"X-Hub-Signature-256": f"sha1={signed('sha1')}"},
    {"X-Hub-Signature-256": "sha256="},
    {"X-Nexus-Webhook-Signature": signed("sha256")},
    {"X-JFrog-Event-Auth": "é"},
]


@pytest.mark.parametrize("headers", PROOFS, ids=str)
def test_who_knows_the_secret_is_believed(headers: dict[str, str]) -> None:
    assert is_proved(SECRET, headers, BODY)
    assert not is_proved("another", headers, BODY)


@pytest.mark.parametrize("headers", FORGERIES, ids=str)
def test_who_does_not_is_not(headers: dict[str, str]) -> None:
    assert not is_proved(SECRET, headers, BODY)


def test_a_signature_holds_for_its_body_alone() -> None:
    assert not is_proved(SECRET, {"X-Hub-Signature-256": f"sha256={signed('sha256')}"}, BODY + b" ")


def test_the_address_may_hold_the_secret() -> None:
    assert is_proved(SECRET, {}, BODY, in_address=SECRET)
    assert not is_proved(SECRET, {}, BODY, in_address="another")


def test_without_a_secret_nobody_is_believed() -> None:
    assert not is_proved("", {"Authorization": ""}, BODY)
