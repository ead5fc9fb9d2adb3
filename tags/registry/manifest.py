"""Manifests: which kinds to ask for, the bytes that make the digest of one, and what it says."""

import hashlib
import re
from base64 import urlsafe_b64decode
from typing import Any

from . import bounded
from .reference import is_digest

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
SIGNED_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"

# One header, indexes first. With fewer kinds, or with the */* of `requests`, a registry renders the tag as something
# else, under another digest, or says 404.
ACCEPT = ", ".join((INDEX, MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST, SIGNED_SCHEMA1, SCHEMA1))

_MOST_VALUES = 100_000
"""In a manifest or config: several may be read at once."""


def media_type_of(content_type: object) -> str:
    """Without its parameters, in lower case; empty for what is none, so that nothing hostile is stored as one."""
    media_type = content_type.partition(";")[0].strip().lower() if isinstance(content_type, str) else ""
    return media_type if re.fullmatch(r"[a-z0-9!#$&^_.+/-]{1,255}", media_type) else ""


def parsed(body: bytes) -> dict[str, Any] | None:
    """The JSON object in a body; None for anything else, and for more than an image could have to say."""
    try:
        value = bounded.loads(body, _MOST_VALUES)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def digest_of(body: bytes, media_type: str, claimed: str | None) -> str | None:
    """The digest of a manifest's bytes, in the algorithm of the `claimed` one or sha256; None if they are none."""
    payload = payload_of(body, media_type)
    return None if payload is None else hashed(payload, claimed)


def hashed(content: bytes, like: str | None = None) -> str:
    """The digest of bytes, in the algorithm of the one it is to be `like`, or sha256."""
    algorithm = like.partition(":")[0] if like and is_digest(like) else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def payload_of(body: bytes, media_type: str) -> bytes | None:
    """The bytes whose hash is a manifest's digest; None if the body is no manifest.

    A registry signs a schema1 manifest anew at each request, so its bytes never hash the same twice: its digest is
    that of the payload without the signatures.
    """
    manifest = parsed(body)
    if manifest is None or "schemaVersion" not in manifest:
        return None
    return _unsigned(body, manifest) if media_type == SIGNED_SCHEMA1 or "signatures" in manifest else body


def _unsigned(body: bytes, manifest: dict[str, Any]) -> bytes | None:
    """The payload of a JSON web signature in docker's "pretty" form: the body's head, and the tail it kept aside."""
    try:
        protected = bounded.loads(_decoded(manifest["signatures"][0]["protected"]), _MOST_VALUES)
        length, tail = protected["formatLength"], _decoded(protected["formatTail"])
    except (ValueError, TypeError, LookupError):
        return None
    return body[:length] + tail if isinstance(length, int) and 0 <= length <= len(body) else None


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
