"""A real registry on 127.0.0.1 that does as it is told: it speaks HTTP, keeps tags, and fails on command.

    with FakeRegistry() as registry:
        registry.push("shop/app", "production", "build 41")
        registry.fault(status(500), path="/tags/list", times=1)
        client = Client(registry.settings())

A fault is a function that gets the Exchange and answers it, or returns False to let the registry answer as usual.
"""

import hashlib
import json
import re
import secrets
import socket
import ssl
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tags.registry import Settings

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
JSON = "application/json"

Repositories = dict[str, dict[str, str]]
"""Name -> tag -> digest."""


@dataclass(frozen=True)
class Manifest:
    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"

    @classmethod
    def with_content(cls, content: str) -> Self:
        """A small, valid OCI image manifest, one digest for each content."""
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"content": content}, "layers": []}
        return cls(MANIFEST, json.dumps(body).encode())


@dataclass(frozen=True)
class Recorded:
    """One request as it came; `path` with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)


@dataclass
class Answer:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Exchange:
    """One request, and the means to answer it properly or otherwise."""

    def __init__(self, handler: BaseHTTPRequestHandler, registry: "FakeRegistry", request: Recorded) -> None:
        self.registry = registry
        self.request = request
        self._handler = handler

    @property
    def port(self) -> int:
        """Of whoever asks: it tells which process that is."""
        return int(self._handler.client_address[1])

    @property
    def connection(self) -> object:
        """The same for all requests that come over one."""
        return self._handler

    def answer(self, answer: Answer) -> None:
        headers = {"Content-Length": str(len(answer.body)), **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        body = b"" if self.request.method == "HEAD" else answer.body
        self.write(f"HTTP/1.1 {answer.status} Answer\r\n{head}\r\n".encode("latin-1") + body)

    def usual(self) -> Answer:
        """What the registry would say without a fault."""
        return self.registry.answer(self.request)

    def write(self, data: bytes) -> None:
        self._handler.wfile.write(data)

    def hang_up(self) -> None:
        self._handler.close_connection = True

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the registry was closed meanwhile."""
        return self.registry.closing.wait(seconds)


FaultAction = Callable[[Exchange], bool | None]


@dataclass
class _Fault:
    action: FaultAction
    path: re.Pattern[str]
    method: str | None
    skip: int
    times: int | None

    def catches(self, request: Recorded) -> bool:
        if self.times == 0 or (self.method and self.method != request.method) or not self.path.search(request.path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FakeRegistry:
    """`paging`: "link" follows the specification, "ignore" lists all whatever `n` is (distribution 2.8), "cut" cuts
    at `n` and says nothing (groups of Nexus). `auth`: None, "basic" or "bearer"; anonymous tokens if no username.
    """

    def __init__(
        self,
        *,
        auth: str | None = None,
        username: str = "",
        password: str = "",
        paging: str = "link",
        most_per_page: int | None = None,
        token_life: int = 300,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.repositories: Repositories = {}
        self.manifests: dict[str, Manifest] = {}
        self.blobs: dict[str, bytes] = {}
        self.requests: list[Recorded] = []
        self.auth = auth
        self.username, self.password = username, password
        self.paging = paging
        self.most_per_page = most_per_page
        self.token_life = token_life
        self.realm: str | None = None  # own /token unless a test says otherwise
        self.tokens: dict[str, list[str]] = {}
        self.closing = threading.Event()
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()
        self._tls = tls
        self._server = _Server(self, tls)

    # As a server

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def settings(self, **changes: Any) -> Settings:
        """What a client needs for it."""
        known = {"address": self.address, "plain_http": self._tls is None}
        return Settings(**{**known, "username": self.username, "secret": self.password, **changes})

    def resolve(self, _host: str, _port: int) -> list[tuple[int, tuple[Any, ...]]]:
        """For `Client(resolve=...)`: every name leads here."""
        return [(socket.AF_INET, ("127.0.0.1", self.port))]

    # As somebody who pushes

    def push(self, repository: str, tag: str, content: str = "", manifest: Manifest | None = None) -> str:
        """Puts the tag on the image of that content; the digest."""
        manifest = manifest or Manifest.with_content(content or f"{repository}:{tag}")
        self.manifests[manifest.digest] = manifest
        self.repositories.setdefault(repository, {})[tag] = manifest.digest
        return manifest.digest

    def move(self, repository: str, tag: str, to: str) -> str:
        """Puts the tag where another tag is; the digest."""
        digest = self.repositories[repository][to]
        self.repositories[repository][tag] = digest
        return digest

    def delete(self, repository: str, tag: str) -> None:
        del self.repositories[repository][tag]

    def forget_manifest(self, digest: str) -> None:
        """Its tags stay listed, their image is missing."""
        del self.manifests[digest]

    # As a test

    def fault(
        self, action: FaultAction, path: str = "", method: str | None = None, *, skip: int = 0, times: int | None = None
    ) -> None:
        """Does this to requests whose path and query match the expression: after the first `skip`, `times` times."""
        with self._lock:
            self._faults.append(_Fault(action, re.compile(path), method, skip, times))

    def heal(self) -> None:
        with self._lock:
            self._faults.clear()

    def asked(self, path: str = "", method: str | None = None) -> list[Recorded]:
        """The requests that matched, in the order they came."""
        return [r for r in self.requests if re.search(path, r.path) and method in (None, r.method)]

    def revoke_tokens(self) -> None:
        self.tokens.clear()

    # As a registry

    def take(self, exchange: Exchange) -> None:
        with self._lock:
            self.requests.append(exchange.request)
            actions = [fault.action for fault in self._faults if fault.catches(exchange.request)]
        for action in actions:
            if action(exchange) is not False:
                return
        exchange.answer(self.answer(exchange.request))

    def answer(self, request: Recorded) -> Answer:
        return self.answer_with(request, self.repositories)

    def answer_with(self, request: Recorded, repositories: Repositories) -> Answer:
        """As if these were its repositories."""
        path = urlsplit(request.path).path
        if path == "/token":
            return self._token(request)
        scope, reply = self._route(path, repositories)
        refusal = self._refusal(request, scope)
        return refusal or reply(request)

    def _route(self, path: str, repositories: Repositories) -> tuple[str, Callable[[Recorded], Answer]]:
        if path == "/v2/":
            return "", lambda _request: Answer(body=b"{}")
        if path == "/v2/_catalog":
            names = sorted(repositories)
            return "registry:catalog:*", lambda request: self._list(request, "repositories", names)
        if match := re.fullmatch(r"/v2/(.+)/tags/list", path):
            return f"repository:{match[1]}:pull", lambda request: self._tags(request, match[1], repositories)
        if match := re.fullmatch(r"/v2/(.+)/manifests/([^/]+)", path):
            return f"repository:{match[1]}:pull", lambda _request: self._manifest(match[1], match[2], repositories)
        if match := re.fullmatch(r"/v2/(.+)/blobs/([^/]+)", path):
            return f"repository:{match[1]}:pull", lambda _request: self._blob(match[2])
        return "", lambda _request: not_found("PAGE_UNKNOWN")

    def _tags(self, request: Recorded, repository: str, repositories: Repositories) -> Answer:
        if repository not in repositories:
            return not_found("NAME_UNKNOWN")
        return self._list(request, "tags", sorted(repositories[repository]), name=repository)

    def _list(self, request: Recorded, key: str, names: list[str], **more: str) -> Answer:
        size = int(request.query.get("n", [str(len(names))])[0])
        last = request.query.get("last", [""])[0]
        headers = {"Content-Type": JSON}
        if self.paging == "ignore":
            return Answer(200, headers, json.dumps({**more, key: names}).encode())
        rest = [name for name in names if name > last]
        page = rest[: min(size, self.most_per_page or size)]
        if self.paging == "link" and len(page) < len(rest) and page:
            path = urlsplit(request.path).path
            headers["Link"] = f'<{path}?last={quote(page[-1], safe="")}&n={len(page)}>; rel="next"'
        return Answer(200, headers, json.dumps({**more, key: page}).encode())

    def _manifest(self, repository: str, reference: str, repositories: Repositories) -> Answer:
        digest = repositories.get(repository, {}).get(reference, reference)
        manifest = self.manifests.get(digest)
        if manifest is None:
            return not_found("MANIFEST_UNKNOWN")
        headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": manifest.digest}
        return Answer(200, headers, manifest.body)

    def _blob(self, digest: str) -> Answer:
        content = self.blobs.get(digest)
        return Answer(200, {}, content) if content is not None else not_found("BLOB_UNKNOWN")

    def _refusal(self, request: Recorded, scope: str) -> Answer | None:
        """The 401 with its challenge, unless the request may pass."""
        authorization = request.headers.get("Authorization", "")
        if self.auth is None:
            return None
        if self.auth == "basic":
            if self._knows(authorization):
                return None
            return _unauthorized('Basic realm="fake"')
        scopes = self.tokens.get(authorization.removeprefix("Bearer "))
        if scopes is not None and (not scope or scope in scopes):
            return None
        realm = self.realm or f"{self.url}/token"
        challenge = f'Bearer realm="{realm}",service="fake"'
        challenge += f',scope="{scope}"' if scope else ""
        challenge += ',error="insufficient_scope"' if scopes is not None else ""
        return _unauthorized(challenge)

    def _token(self, request: Recorded) -> Answer:
        form = parse_qs(request.body.decode()) if request.method == "POST" else request.query
        if request.method == "POST":
            known = form.get("refresh_token") == [self.password]
        else:
            known = self._knows(request.headers.get("Authorization", ""))
        if not known:
            return _unauthorized('Basic realm="fake"')
        token = secrets.token_urlsafe(8)
        self.tokens[token] = [scope for joined in form.get("scope", []) for scope in joined.split()]
        body = {"token": token, "expires_in": self.token_life}
        return Answer(200, {"Content-Type": JSON}, json.dumps(body).encode())

    def _knows(self, authorization: str) -> bool:
        if not self.username:
            return self.auth == "bearer" and not authorization
        scheme, _, encoded = authorization.partition(" ")
        return scheme == "Basic" and b64decode(encoded).decode() == f"{self.username}:{self.password}"


def neighbours(*urls: str) -> frozenset[str]:
    """Approves, for `approved_realms`, something at these origins that nobody asks for.

    No realm that a test names gets credentials by it, but their servers, on this machine, may be connected to.
    """
    return frozenset(f"{url}/approved" for url in urls)


def not_found(code: str) -> Answer:
    body = {"errors": [{"code": code, "message": "not found"}]}
    return Answer(404, {"Content-Type": JSON}, json.dumps(body).encode())


def _unauthorized(challenge: str) -> Answer:
    body = {"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}
    return Answer(401, {"Content-Type": JSON, "WWW-Authenticate": challenge}, json.dumps(body).encode())


# The server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, registry: FakeRegistry, tls: ssl.SSLContext | None) -> None:
        self.registry = registry
        self._tls = tls
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls is None:
            return super().finish_request(request, client_address)
        # Here, in the connection's own thread: a slow handshake must not hold the others.
        with self._tls.wrap_socket(request, server_side=True) as wrapped:
            return super().finish_request(wrapped, client_address)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Nothing: clients that give up are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_expect_100(self) -> bool:
        return True

    def log_message(self, *_arguments: Any) -> None:
        """Nothing: the tests read `requests`."""

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        request = Recorded(self.command, self.path, self.headers, self.rfile.read(length))
        self.server.registry.take(Exchange(self, self.server.registry, request))

    do_GET = do_HEAD = do_POST = _take  # noqa: N815 - http.server wants these names


@pytest.fixture
def fake_registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as registry:
        yield registry
