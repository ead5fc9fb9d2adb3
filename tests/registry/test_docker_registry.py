"""The client against distribution itself, as Debian ships it."""

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tags.registry import Client, CredentialsRefused, RepositoryMissing, Settings
from tags.registry.manifest import DOCKER_MANIFEST, INDEX, MANIFEST_LIST, OCI_MANIFEST

PROGRAM = shutil.which("docker-registry")
PASSWORD = ("ann", "secret")
HTPASSWD = "ann:$2b$04$QdR1LUpsWxzrrU/kZcTk3uLrPf0OwU78czRo3yAGjA3c0V2SpTxsC\n"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(PROGRAM is None, reason="docker-registry is not installed"),
]

CONFIGURATION = """
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}/data}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
auth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}
"""


class DockerRegistry:
    def __init__(self, port: int) -> None:
        self.settings = Settings(f"127.0.0.1:{port}", plain_http=True, username=PASSWORD[0], secret=PASSWORD[1])
        self._url = f"http://127.0.0.1:{port}/v2"
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


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    folder: Path = tmp_path_factory.mktemp("docker-registry")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "htpasswd").write_text(HTPASSWD)
    (folder / "config.yml").write_text(CONFIGURATION.format(folder=folder, port=port))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(PROGRAM), "serve", str(folder / "config.yml")], stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield DockerRegistry(port)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("docker-registry did not start")


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
