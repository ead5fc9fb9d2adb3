import hashlib
import json

import pytest

from tags.registry.manifest import OCI_MANIFEST, SIGNED_SCHEMA1, digest_of, media_type_of
from tests.fakeregistry import Manifest


def test_the_digest_is_that_of_the_bytes_as_they_came() -> None:
    body = b'{ "schemaVersion" : 2 }'
    assert digest_of(body, OCI_MANIFEST, None) == f"sha256:{hashlib.sha256(body).hexdigest()}"


def test_the_digest_is_in_the_algorithm_that_was_claimed() -> None:
    manifest = Manifest.with_content("a")
    claimed = f"sha512:{hashlib.sha512(manifest.body).hexdigest()}"
    assert digest_of(manifest.body, OCI_MANIFEST, claimed) == claimed
    assert digest_of(manifest.body, OCI_MANIFEST, "sha512:short") == manifest.digest


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"schemaVersion":2', b"[]", b'{"errors":[]}', b"[" * 100_000])
def test_what_is_no_manifest_has_no_digest(body: bytes) -> None:
    assert digest_of(body, OCI_MANIFEST, None) is None


@pytest.mark.parametrize(
    "signatures",
    [[], None, "x", [{}], [{"protected": "!"}], [{"protected": "e30"}], [{"protected": "eyJmb3JtYXRMZW5ndGgiOi0xfQ"}]],
)
def test_a_signed_manifest_that_cannot_be_undone_has_no_digest(signatures: object) -> None:
    body = json.dumps({"schemaVersion": 1, "signatures": signatures}).encode()
    assert digest_of(body, SIGNED_SCHEMA1, None) is None


def test_parameters_are_no_part_of_a_media_type() -> None:
    assert media_type_of("Application/JSON; charset=utf-8") == "application/json"
    assert media_type_of(None) == ""


@pytest.mark.parametrize("content_type", ["a\x00b", "<script>", "a" * 256, 7])
def test_a_media_type_that_is_none_is_not_kept(content_type: object) -> None:
    assert media_type_of(content_type) == ""
