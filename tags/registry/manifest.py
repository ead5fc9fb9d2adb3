"""Manifests: which kinds to ask for, and the digest of one."""

import hashlib
import json
import re
from base64 import urlsafe_b64decode

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


def media_type_of(content_type: object) -> str:
    """Without its parameters, in lower case; empty for what is none, so that nothing hostile is stored as one."""
    media_type = content_type.partition(";")[0].strip().lower() if isinstance(content_type, str) else ""
    return media_type if re.fullmatch(r"[a-z0-9!#$&^_.+/-]{1,255}", media_type) else ""


def digest_of(body: bytes, media_type: str, claimed: str | None) -> str | None:
    """The digest of a manifest's bytes, in the algorithm of the `claimed` one or sha256; None if they are none.

    A registry signs a schema1 manifest anew at each request, so its bytes never hash the same twice: its digest is
    that of the payload without the signatures.
    """
    try:
        manifest = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or "schemaVersion" not in manifest:
        return None
    if media_type == SIGNED_SCHEMA1 or "signatures" in manifest:
        payload = _unsigned(body, manifest)
        if payload is None:
            return None
        body = payload
    algorithm = claimed.partition(":")[0] if claimed and is_digest(claimed) else "sha256"
    return f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}"


def _unsigned(body: bytes, manifest: dict[str, object]) -> bytes | None:
    """The payload of a JSON web signature in docker's "pretty" form: the body's head, and the tail it kept aside."""
    try:
        protected = json.loads(_decoded(manifest["signatures"][0]["protected"]))  # type: ignore[index]
        length, tail = protected["formatLength"], _decoded(protected["formatTail"])
    except (ValueError, TypeError, LookupError):
        return None
    return body[:length] + tail if isinstance(length, int) and 0 <= length <= len(body) else None


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
