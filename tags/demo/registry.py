"""A read-only registry with one repository, which speaks just enough of the distribution protocol."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = "app"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
JSON = "application/json"
HOST = "127.0.0.1"

# Versions that the story begins with were built one after the other.
TIME_BETWEEN_BUILDS = dt.timedelta(weeks=1)

_CONTENT = re.compile(rf"/v2/{REPOSITORY}/(?:manifests|blobs)/([^/]+)")


class DemoRegistry:
    """Serves on a free port of the loopback address while entered; `tell` moves its tags."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}  # tag -> digest
        self.content: dict[str, tuple[str, bytes]] = {}  # digest -> (media type, bytes)
        self._digests: dict[str, str] = {}  # version -> digest of its manifest
        self._closing = threading.Event()
        self._server = ThreadingHTTPServer((HOST, 0), _handler_of(self))
        self._threads = [threading.Thread(target=self._server.serve_forever, daemon=True)]

    @property
    def reference(self) -> str:
        return f"{HOST}:{self._server.server_port}/{REPOSITORY}"

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        for thread in self._threads:
            thread.join()

    def play(self, story: Iterator[dict[str, str]], seconds: float) -> None:
        """Tell the first step of a story now, and one more every so many seconds. To be called before entering."""

        def keep_telling() -> None:
            while not self._closing.wait(seconds):
                self.tell(next(story))

        self.tell(next(story))
        self._threads.append(threading.Thread(target=keep_telling, daemon=True))

    def tell(self, step: dict[str, str]) -> None:
        """Point each of these tags to the image of its version, which is built if need be."""
        new = [version for version in dict.fromkeys(step.values()) if version not in self._digests]
        for age, version in enumerate(reversed(new)):
            self._digests[version] = self._build(version, dt.datetime.now(dt.UTC) - age * TIME_BETWEEN_BUILDS)
        moved = {tag: self._digests[version] for tag, version in step.items()}
        self.tags = {**self.tags, **moved}  # replaced as a whole: a listing under way sees one picture

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """What a GET of this path is answered with: status, media type, body."""
        if path == "/v2/":
            return 200, JSON, b"{}"
        if path.partition("?")[0] == f"/v2/{REPOSITORY}/tags/list":
            return 200, JSON, json.dumps({"name": REPOSITORY, "tags": sorted(self.tags)}).encode()
        if stored := self._stored(path):
            return 200, *stored
        return 404, JSON, json.dumps({"errors": [{"code": "NOT_FOUND", "message": "there is only the demo"}]}).encode()

    def _stored(self, path: str) -> tuple[str, bytes] | None:
        asked = _CONTENT.fullmatch(path)
        return self.content.get(self.tags.get(asked[1], asked[1])) if asked else None

    def _build(self, version: str, created: dt.datetime) -> str:
        labels = {"org.opencontainers.image.title": REPOSITORY, "org.opencontainers.image.version": version}
        config = {
            "created": created.isoformat(timespec="seconds"),
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": []},
        }
        digest, size = self._store(CONFIG, config)
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest, "size": size},
            "layers": [],
        }
        return self._store(MANIFEST, manifest)[0]

    def _store(self, media_type: str, document: dict[str, Any]) -> tuple[str, int]:
        content = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.content[digest] = (media_type, content)
        return digest, len(content)


def _handler_of(registry: DemoRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.send(with_body=True)

        def do_HEAD(self) -> None:
            self.send(with_body=False)

        def send(self, *, with_body: bool) -> None:
            status, media_type, body = registry.answer(self.path)
            self.send_response(status)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            if media_type in (MANIFEST, CONFIG):
                self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(body).hexdigest()}")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing: the console belongs to the product."""

    return Handler
