"""Whether a webhook comes from somebody who knows the secret, in the ways in which registries can show it."""

import binascii
import hmac
from base64 import b64decode
from collections.abc import Iterator, Mapping

# Header -> the hash of the HMAC over the body, in hexadecimal digits.
_SIGNATURES = {
    "X-Hub-Signature-256": "sha256",  # GitHub, Gitea
    "X-Gitea-Signature": "sha256",
    "X-Forgejo-Signature": "sha256",
    "X-JFrog-Event-Auth": "sha256",
    "X-Nexus-Webhook-Signature": "sha1",
}


def is_proved(secret: str, headers: Mapping[str, str], body: bytes, in_address: str = "") -> bool:
    """The secret itself in the address or a header, or a signature of the body made with it; compared in constant time.

    Quay and Docker Hub sign nothing and set no headers: theirs can only stand in the address.
    """
    if not secret:
        return False
    shown = [in_address, headers.get("X-JFrog-Event-Auth", ""), *_authorizations(headers.get("Authorization", ""))]
    if any([_same(secret, value) for value in shown]):  # noqa: C419 (all are compared, however early one fits)
        return True
    return any(
        _same(hmac.new(secret.encode(), body, algorithm).hexdigest(), headers.get(name, "").removeprefix("sha256="))
        for name, algorithm in _SIGNATURES.items()
        if headers.get(name)
    )


def _authorizations(header: str) -> Iterator[str]:
    """The secret as it stands (Harbor), after `Bearer` (distribution) and as the password of Basic (zot)."""
    yield header
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        yield value
    elif scheme.lower() == "basic":
        try:
            yield b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
