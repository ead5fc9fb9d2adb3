"""The client against distribution itself, as Debian ships it."""

import hashlib
import json
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tags.registry import Client, CredentialsRefused, NeedsApproval, RepositoryMissing, Settings, Unreachable
from tags.registry.manifest import DOCKER_MANIFEST, INDEX, MANIFEST_LIST, OCI_MANIFEST
from tests.certificates import Certificates, self_signed
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.services import free_port, program, running

PASSWORD = ("ann", "secret")
HTPASSWD = "ann:$2b$04$QdR1LUpsWxzrrU/kZcTk3uLrPf0OwU78czRo3yAGjA3c0V2SpTxsC\n"
SERVICE, ISSUER = "the registry", "the token server"

pytestmark = pytest.mark.real


class DockerRegistry:
    def __init__(self, settings: Settings, storage: Path) -> None:
        self.settings = settings
        self.storage = storage
        self._url = f"{settings.origin}/v2"
        self._session = requests.Session()
        self._session.auth = PASSWORD

    def push_blob(self, repository: str, content: bytes) -> dict[str, object]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        started = self._session.post(f"{self._url}/{repository}/blobs/uploads/")
        done = self._session.put(started.headers["Location"], params={"digest": digest}, data=content)
        done.raise_for_status()
        return {"digest": digest, "size": len(content), "mediaType": "application/octet-stream"}

    def push(self, repository: str, tag: str, media_type: str, manifest: dict[str, object]) -> str:
        body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **manifest}).encode()
        url = f"{self._url}/{repository}/manifests/{tag}"
        self._session.put(url, data=body, headers={"Content-Type": media_type}).raise_for_status()
        return f"sha256:{hashlib.sha256(body).hexdigest()}"

    def push_image(self, repository: str, tag: str, content: str, media_type: str = DOCKER_MANIFEST) -> str:
        blob = self.push_blob(repository, json.dumps({"architecture": "amd64", "os": "linux", "x": content}).encode())
        kind = "docker.container.image" if media_type == DOCKER_MANIFEST else "oci.image.config"
        config = {**blob, "mediaType": f"application/vnd.{kind}.v1+json"}
        return self.push(repository, tag, media_type, {"config": config, "layers": []})

    def push_index(self, repository: str, tag: str, media_type: str, of: str) -> str:
        answer = self._session.get(f"{self._url}/{repository}/manifests/{of}", headers={"Accept": DOCKER_MANIFEST})
        child = {"digest": answer.headers["Docker-Content-Digest"], "size": len(answer.content)}
        platform = {"architecture": "amd64", "os": "linux"}
        return self.push(
            repository, tag, media_type, {"manifests": [{**child, "mediaType": DOCKER_MANIFEST, "platform": platform}]}
        )

    def delete(self, repository: str, digest: str) -> None:
        self._session.delete(f"{self._url}/{repository}/manifests/{digest}").raise_for_status()

    def push_quickly(self, repository: str, tags: list[str], digest: str) -> None:
        """Puts many tags on an image that is there, as the registry itself would have written them down."""
        folder = self.storage / f"docker/registry/v2/repositories/{repository}/_manifests/tags"
        for tag in tags:
            link = folder / tag / "current/link"
            link.parent.mkdir(parents=True)
            link.write_text(digest)


@contextmanager
def docker_registry(folder: Path, *, ca_certificate: str = "", **sections: Any) -> Iterator[DockerRegistry]:
    """A registry that keeps everything in `folder`; `sections` are of its configuration, beyond what all have."""
    address = f"127.0.0.1:{free_port()}"
    configuration = folder / "config.yml"
    storage = folder / "data"
    http = {"addr": address, **sections.pop("http", {})}
    common = {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
    }
    configuration.write_text(json.dumps({**common, "http": http, **sections}))  # JSON is YAML
    settings = Settings(
        address,
        plain_http=not ca_certificate,
        username=PASSWORD[0],
        secret=PASSWORD[1],
        ca_certificate=ca_certificate,
    )
    trusted = folder / "authority.pem"
    trusted.write_text(ca_certificate)

    def ask() -> None:
        requests.get(f"{settings.origin}/v2/", timeout=1, verify=str(trusted) if ca_certificate else True)

    with running([program("docker-registry"), "serve", configuration], ask):
        yield DockerRegistry(settings, storage)


def with_passwords(folder: Path) -> dict[str, Any]:
    (folder / "htpasswd").write_text(HTPASSWD)
    return {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    folder = tmp_path_factory.mktemp("docker-registry")
    with docker_registry(folder, auth=with_passwords(folder)) as registry:
        yield registry


def test_every_kind_of_image_has_the_digest_it_was_pushed_with(registry: DockerRegistry) -> None:
    pushed = {
        "docker": registry.push_image("kinds", "docker", "a"),
        "oci": registry.push_image("kinds", "oci", "b", OCI_MANIFEST),
        "list": registry.push_index("kinds", "list", MANIFEST_LIST, of="docker"),
        "index": registry.push_index("kinds", "index", INDEX, of="docker"),
    }
    with Client(registry.settings) as client:
        listing = client.listing("kinds")
    assert {o.tag: o.digest for o in listing.observations} == pushed
    assert listing.complete
    assert listing.error is None
    assert listing.requests == 1 + 1 + len(pushed)  # the challenge, the list, the tags


def test_a_move_is_seen(registry: DockerRegistry) -> None:
    registry.push_image("moves", "production", "a")
    with Client(registry.settings) as client:
        before = client.listing("moves").observations[0].digest
        after = registry.push_image("moves", "production", "b")
        assert client.listing("moves").observations[0].digest == after != before


def test_an_emptied_repository_is_complete_and_a_missing_one_is_not(registry: DockerRegistry) -> None:
    registry.delete("emptied", registry.push_image("emptied", "1.0", "a"))
    with Client(registry.settings) as client:
        emptied, missing = client.listing("emptied"), client.listing("never-pushed")
    assert (emptied.tags, emptied.complete, emptied.error) == (frozenset(), True, None)
    assert not missing.complete
    assert isinstance(missing.error, RepositoryMissing)


def test_wrong_credentials_are_refused(registry: DockerRegistry) -> None:
    with Client(replace(registry.settings, secret="wrong")) as client, pytest.raises(CredentialsRefused):
        client.check()


def test_its_catalog_is_read_in_pages(registry: DockerRegistry) -> None:
    for name in ("catalog/a", "catalog/b", "catalog/c"):
        registry.push_image(name, "1.0", "a")
    with Client(replace(registry.settings, page_size=2)) as client:
        catalog = client.catalog()
    assert catalog.complete
    assert {"catalog/a", "catalog/b", "catalog/c"} <= set(catalog.names)


def test_thousands_of_tags_are_listed_and_looked_at(tmp_path: Path) -> None:
    tags = [f"build-{number:05}" for number in range(2499)]
    with docker_registry(tmp_path) as registry:
        digest = registry.push_image("many", "first", "a")
        registry.push_quickly("many", tags, digest)
        with Client(registry.settings) as client:
            listing = client.listing("many")
    assert listing.complete
    assert listing.error is None
    assert {seen.tag: seen.digest for seen in listing.observations} == dict.fromkeys(["first", *tags], digest)
    assert listing.requests == 1 + 2500


def test_an_image_is_described(registry: DockerRegistry) -> None:
    registry.push_image("described", "docker", "a")
    pushed = registry.push_index("described", "list", MANIFEST_LIST, of="docker")
    with Client(registry.settings) as client:
        told = client.describe("described", pushed)
    assert (told.media_type, told.platforms) == (MANIFEST_LIST, ("linux/amd64",))
    assert told.size


# TLS


def test_a_registry_with_a_private_authority_is_trusted_with_its_certificate_only(
    tmp_path: Path, certificates: Certificates
) -> None:
    tls = {"certificate": str(certificates.chain), "key": str(certificates.chain)}
    authority = certificates.authority
    with docker_registry(tmp_path, ca_certificate=authority, auth=with_passwords(tmp_path), http={"tls": tls}) as there:
        with Client(there.settings) as client:
            client.check()
            assert isinstance(client.listing("app").error, RepositoryMissing)
        with Client(replace(there.settings, ca_certificate="")) as stranger:
            assert isinstance(stranger.listing("app").error, Unreachable)


# Tokens


class TokenServer(FakeRegistry):
    """Gives who knows the password a token for what they ask, signed as distribution wants it."""

    def __init__(self) -> None:
        super().__init__(auth="bearer", username=PASSWORD[0], password=PASSWORD[1])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._certificate = self_signed("tokens", self._key)

    @property
    def certificate(self) -> bytes:
        """PEM, for the registry that is to trust it."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def answer(self, request: Recorded) -> Answer:
        if not self._knows(request.headers.get("Authorization", "")):
            return Answer(401)
        access = [self._access(scope) for scope in request.query.get("scope", [])]
        return Answer(body=json.dumps({"token": self._signed(access)}).encode())

    def _access(self, scope: str) -> dict[str, Any]:
        kind, name, actions = scope.split(":")
        return {"type": kind, "name": name, "actions": actions.split(",")}

    def _signed(self, access: list[dict[str, Any]]) -> str:
        certificate = b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": PASSWORD[0],
            "aud": SERVICE,
            "nbf": now - 60,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
            "access": access,
        }
        head = {"typ": "JWT", "alg": "ES256", "x5c": [certificate]}
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in (head, claims))
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return b".".join((signed, _encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big")))).decode()


def _encoded(content: bytes) -> bytes:
    return urlsafe_b64encode(content).rstrip(b"=")


def test_a_registry_with_a_token_server_is_polled_once_that_is_approved(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as there:
        digest = there.push_image("app", "1.0", "a")
    with TokenServer() as tokens:
        realm = f"{tokens.url}/token"
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(tokens.certificate)
        auth = {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(bundle)}
        with docker_registry(tmp_path, auth={"token": auth}) as there:
            with Client(there.settings) as client:
                assert isinstance(client.listing("app").error, NeedsApproval)
            assert not tokens.requests
            approved = replace(there.settings, approved_realms=frozenset({realm}))
            with Client(approved) as client:
                listing = client.listing("app")
                assert listing.error is None
                assert [(seen.tag, seen.digest) for seen in listing.observations] == [("1.0", digest)]
                assert client.catalog().names == ("app",)
                assert listing.requests == 1 + 1 + 1 + 1  # the challenge, the token, the list, the tag
            with Client(replace(approved, secret="wrong")) as client:
                assert isinstance(client.listing("app").error, CredentialsRefused)
