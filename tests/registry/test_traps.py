"""Every way in which a registry, or somebody behind it, may try to lead us and our secrets astray.

A registry and its token server, which was approved, on two ports; on others a sink, and cloud metadata at its own
address. No connection may reach the latter two, and no secret anybody but the former.
"""

import json
import os
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tags.registry import KINDS, Client, Listing, RegistryError, Settings, connection
from tags.registry.connection import Address, system_resolve
from tags.registry.deadline import BoundedSocket
from tests.certificates import Certificates
from tests.fakeregistry import JSON, FakeRegistry, neighbours
from tests.faults import redirect, status
from tests.sinks import METADATA, Sink, metadata_sink

USER, PASSWORD = "ann", "s3cret-passw0rd"
BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
ROOT = Path(__file__).parent.parent.parent

# {sink}, {own} and {meta} are ports; the names are looked up by `World.resolve`.
ADDRESSES = [
    "http://127.0.0.1:{sink}/x",
    "https://127.0.0.1:{sink}/x",
    "HTTP://127.0.0.1:{sink}/x",
    "//127.0.0.1:{sink}/x",
    "///127.0.0.1:{sink}/x",
    "/\\127.0.0.1:{sink}/x",
    "\\\\127.0.0.1:{sink}/x",
    "http:\\\\127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}@127.0.0.1:{sink}/x",
    "http://ann:pw@127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}\\@127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}%40127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}#@127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}?@127.0.0.1:{sink}/x",
    "http://127.0.0.1:{own}:{sink}/x",
    "http://127.0.0.1\t:{sink}/x",
    "http://127.0.0.1.:{sink}/x",
    "http://127.1:{sink}/x",
    "http://2130706433:{sink}/x",
    "http://0x7f000001:{sink}/x",
    "http://0177.0.0.1:{sink}/x",
    "http://0:{sink}/x",
    "http://0.0.0.0:{sink}/x",
    "http://[::1]:{sink}/x",
    "http://[::]:{sink}/x",
    "http://[::ffff:127.0.0.1]:{sink}/x",
    "http://[::ffff:7f00:1]:{sink}/x",
    "http://[::127.0.0.1]:{sink}/x",
    "http://[64:ff9b::127.0.0.1]:{sink}/x",
    "http://[::1%25lo]:{sink}/x",
    "http://localhost:{sink}/x",
    "http://LOCALHOST.:{sink}/x",
    "http://①②⑦.⓪.⓪.①:{sink}/x",
    "http://sink.example.com:{sink}/x",
    "https://sink.example.com:{sink}/x",
    "https://127.0.0.1:{own}/x",
    "http://" + METADATA + ":{meta}/latest/meta-data",
    "http://" + METADATA + ".:{meta}/latest/meta-data",
    "http://2852039166:{meta}/latest/meta-data",
    "http://0xa9fea9fe:{meta}/latest/meta-data",
    "http://0251.0376.0251.0376:{meta}/latest/meta-data",
    "http://169.254.43518:{meta}/latest/meta-data",
    "http://[::ffff:169.254.169.254]:{meta}/latest/meta-data",
    "http://[::ffff:a9fe:a9fe]:{meta}/latest/meta-data",
    "http://[fd00:ec2::254]:{meta}/latest/meta-data",
    "http://metadata.example.com:{meta}/latest/meta-data",
    "http://both.example.com:{meta}/latest/meta-data",
    "http://changing.example.com:{meta}/latest/meta-data",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{sink}/x",
    "",
]
PLACES = ["list", "manifest", "catalog", "check", "link", "catalog link", "realm", "token server", "identity token"]


@dataclass
class World:
    registry: FakeRegistry
    token_server: FakeRegistry
    sink: Sink
    metadata: Sink | None
    connected: list[Any]
    looked_up: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        realm = f"{self.token_server.url}/token"
        return self.registry.settings(username=USER, secret=PASSWORD, approved_realms=frozenset({realm}))

    def address(self, template: str) -> str:
        meta = self.metadata.port if self.metadata else 80
        address = template.format(sink=self.sink.port, own=self.registry.port, meta=meta)
        return address.encode().decode("latin-1")  # as it travels in a header

    def resolve(self, host: str, port: int) -> Sequence[Address]:
        self.looked_up.append(host)
        loopback = (socket.AF_INET, ("127.0.0.1", port))
        metadata = (socket.AF_INET, (METADATA, port))
        known = {
            "sink.example.com": [loopback],
            "metadata.example.com": [metadata],
            "both.example.com": [(socket.AF_INET, ("192.0.2.1", port)), metadata],
            "changing.example.com": [loopback if self.looked_up.count(host) == 1 else metadata],
        }
        return known[host] if host in known else system_resolve(host, port)

    def look_everywhere(self, kind: type[Client] = Client) -> Listing:
        with kind(self.settings, deadline=5, resolve=self.resolve) as client:
            listing = client.listing("app")
            client.catalog(["app", "shop/*"])
            for ask in (client.check, client.glance):
                with suppress(RegistryError):
                    ask()
        return listing

    def check(self) -> None:
        """Nobody was reached but the two, and each of them was told no more than it may know."""
        homes = {("127.0.0.1", self.registry.port), ("127.0.0.1", self.token_server.port)}
        assert set(self.connected) <= homes
        assert not self.sink.received
        assert self.metadata is None or not self.metadata.received
        for request in self.registry.requests:
            assert PASSWORD not in f"{request.path} {request.body!r}"  # its own headers may hold it
        for request in self.token_server.requests:
            assert PASSWORD not in request.path


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that sockets were connected to, or tried to."""
    seen: list[Any] = []

    class Watched(BoundedSocket):
        def connect(self, address: Any) -> None:
            seen.append(address[:2])
            super().connect(address)

    monkeypatch.setattr(connection, "BoundedSocket", Watched)
    return seen


@pytest.fixture(scope="module")
def places() -> Iterator[tuple[Sink, Sink | None]]:
    with Sink() as sink, metadata_sink() as metadata:
        yield sink, metadata


@pytest.fixture
def world(places: tuple[Sink, Sink | None], connected: list[Any]) -> Iterator[World]:
    sink, metadata = places
    sink.received.clear()
    options = {"auth": "bearer", "username": USER, "password": PASSWORD}
    with FakeRegistry(**options) as registry, FakeRegistry(**options) as token_server:
        registry.push("app", "1.0")
        registry.push("app", "2.0")
        registry.realm = f"{token_server.url}/token"
        registry.tokens = token_server.tokens
        yield World(registry, token_server, sink, metadata, connected)


def lay(world: World, place: str, address: str) -> None:
    """Sets the trap."""
    link = status(200, {"Content-Type": JSON, "Link": f'<{address}>; rel="next"'}, b'{"tags":["1.0"]}')
    match place:
        case "list":
            world.registry.fault(redirect(address), path="tags/list")
        case "manifest":
            world.registry.fault(redirect(address), path="manifests/")
        case "catalog":
            world.registry.fault(redirect(address), path="_catalog")
        case "check":
            world.registry.fault(redirect(address), path="^/v2/$")
        case "link":
            world.registry.fault(link, path="tags/list")
        case "catalog link":
            world.registry.fault(link, path="_catalog")
        case "realm":
            world.registry.realm = address
        case "token server" | "identity token":
            world.token_server.fault(redirect(address), path="^/token")


def test_without_a_trap_all_is_found(world: World) -> None:
    listing = world.look_everywhere()
    assert (listing.error, len(listing.observations)) == (None, 2)
    assert world.token_server.requests
    world.check()


def test_the_traps_would_be_noticed(world: World) -> None:
    """Else the others could not fail."""
    for sink in filter(None, (world.sink, world.metadata)):
        with socket.create_connection(sink._server.getsockname()) as caller:
            caller.sendall(b"hello")
            caller.shutdown(socket.SHUT_WR)
            assert caller.recv(1) == b""
        assert sink.received == [b"hello"]
        sink.received.clear()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_sent_astray(world: World, place: str, address: str) -> None:
    lay(world, place, world.address(address))
    if place == "identity token":
        with Client(identity(world), deadline=5, resolve=world.resolve) as client:
            client.listing("app")
    else:
        world.look_everywhere()
    world.check()


def identity(world: World) -> Settings:
    world.token_server.username = "<token>"
    realm = f"{world.token_server.url}/token"
    return world.registry.settings(username="<token>", secret=PASSWORD, approved_realms=frozenset({realm}))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["list", "manifest", "token server", "identity token"])
def test_no_kind_of_redirect_leads_astray(world: World, place: str, code: int) -> None:
    path = {"list": "tags/list", "manifest": "manifests/"}.get(place, "^/token")
    server = world.token_server if "token" in place else world.registry
    server.fault(redirect(f"http://127.0.0.1:{world.sink.port}/x", code), path=path)
    settings = identity(world) if place == "identity token" else world.settings
    with Client(settings, deadline=5) as client:
        client.listing("app")
    world.check()


def test_a_token_server_gets_no_identity_token_sent_on_by_post(world: World) -> None:
    """Not even to itself: a 307 would have us repeat the body wherever it says."""
    world.token_server.fault(redirect("/other"), path="^/token", method="POST")
    with Client(identity(world)) as client:
        assert client.listing("app").error is not None
    assert not world.token_server.asked("^/other")


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "oci"])
@pytest.mark.parametrize("trick", ["redirect", "next"])
def test_no_vendor_s_api_leads_astray(world: World, kind: str, trick: str) -> None:
    address = f"http://127.0.0.1:{world.sink.port}/x"
    if trick == "redirect":
        world.registry.fault(redirect(address), path="^/(?!v2/app/|v2/_catalog|v2/$)")
    else:
        row = {"name": "1.0", "digest": "sha256:" + "0" * 64, "manifest_digest": "sha256:" + "0" * 64}
        pages = dict.fromkeys(("next", "next_page", "nextLink", "continuationToken", "nextToken"), address)
        rows = {name: [row] for name in ("results", "tags", "items", "repositories", "data")}
        body = json.dumps({"count": 500, "has_additional": True, **pages, **rows}).encode()
        answer = status(200, {"Content-Type": JSON, "Link": f'<{address}>; rel="next"'}, body)
        world.registry.fault(answer, path="^/(?!v2/)")
    world.look_everywhere(KINDS[kind])
    assert world.registry.requests
    assert not world.sink.received
    assert set(world.connected) <= {("127.0.0.1", world.registry.port), ("127.0.0.1", world.token_server.port)}


@pytest.mark.parametrize("place", ["list", "manifest", "link", "realm", "token server"])
@pytest.mark.parametrize("address", ["http://127.0.0.1:{sink}/x", "http://127.0.0.1:{own}/x"])
def test_nothing_goes_from_https_to_http(
    world: World, certificates: Certificates, place: str, address: str, connected: list[Any]
) -> None:
    """Even to the same host and port, and to what was approved."""
    with (
        FakeRegistry(auth="bearer", username=USER, password=PASSWORD, tls=certificates.server) as registry,
        FakeRegistry(auth="bearer", username=USER, password=PASSWORD, tls=certificates.server) as token_server,
    ):
        registry.push("app", "1.0")
        registry.realm, registry.tokens = f"{token_server.url}/token", token_server.tokens
        secure = World(registry, token_server, world.sink, world.metadata, connected)
        where = secure.address(address)
        lay(secure, place, where)
        approved = frozenset({registry.realm, f"{token_server.url}/token", where})
        settings = registry.settings(ca_certificate=certificates.authority, approved_realms=approved)
        with Client(settings, deadline=5) as client:
            listing = client.listing("app")
        assert listing.error is not None
        secure.check()


@pytest.mark.parametrize(
    "realm",
    [
        "http://127.0.0.1:{own}/token",
        "http://127.0.0.1:{own}/token?tenant=1",
        "http://127.0.0.1:{own}/token#x",
        "//127.0.0.1:{own}/token",
        "/token",
        "token",
    ],
)
def test_a_realm_at_home_still_works_however_it_is_written(world: World, realm: str) -> None:
    world.registry.realm, world.registry.tokens = world.address(realm), {}
    with Client(world.settings) as client:
        listing = client.listing("app")
    assert (listing.error, len(listing.observations)) == (None, 2)
    assert not world.token_server.requests


def test_a_redirect_at_home_still_works(world: World) -> None:
    digest = world.registry.repositories["app"]["1.0"]
    world.registry.fault(redirect("/v2/app/tags/list"), path=r"tags/list\?")
    world.registry.fault(redirect(f"{world.registry.url}/v2/app/manifests/{digest}"), path="manifests/1.0")
    with Client(world.settings) as client:
        assert len(client.listing("app").observations) == 2
    world.check()


def test_no_authorization_survives_a_chain_that_leaves_and_comes_back(world: World) -> None:
    with FakeRegistry() as elsewhere:
        world.registry.fault(redirect(f"{elsewhere.url}/away"), path="tags/list")
        elsewhere.fault(redirect(f"{world.registry.url}/v2/back/tags/list"), path="/away")
        away = neighbours(elsewhere.url) | {f"{world.token_server.url}/token"}
        settings = world.registry.settings(username=USER, secret=PASSWORD, approved_realms=away)
        with Client(settings) as client:
            assert client.listing("app").error is not None
        assert elsewhere.requests
        assert all("Authorization" not in request.headers for request in elsewhere.requests)
        assert "Authorization" not in world.registry.asked("/v2/back/")[0].headers


def test_a_host_behind_a_redirect_cannot_ask_for_the_registry_s_credentials(world: World) -> None:
    """Its challenge names the token server that was approved for the registry, or asks for Basic."""
    for challenge in (f'Bearer realm="{world.token_server.url}/token",service="x"', 'Basic realm="x"'):
        with FakeRegistry() as elsewhere:
            elsewhere.fault(status(401, {"WWW-Authenticate": challenge}))
            world.registry.fault(redirect(f"{elsewhere.url}/v2/app/tags/list"), path="tags/list", times=2)
            away = neighbours(elsewhere.url) | {f"{world.token_server.url}/token"}
            settings = world.registry.settings(username=USER, secret=PASSWORD, approved_realms=away)
            with Client(settings) as client:
                assert client.listing("app").error is not None
            assert all(BASIC not in request.headers.get("Authorization", "") for request in elsewhere.requests)
            given = {token for token in world.token_server.tokens if token}
            sent = {request.headers.get("Authorization", "").removeprefix("Bearer ") for request in elsewhere.requests}
            assert not given & sent


def test_a_name_that_changes_between_two_requests_is_refused_at_the_second(world: World) -> None:
    world.registry.fault(lambda exchange: exchange.hang_up() or False)
    leads = [world.registry.resolve("", 0)]

    def resolve(host: str, port: int) -> Sequence[Address]:
        return leads.pop() if leads else [(socket.AF_INET, (METADATA, world.metadata.port if world.metadata else 80))]

    settings = Settings("registry.example.com", plain_http=True, username=USER, secret=PASSWORD)
    with Client(settings, deadline=5, resolve=resolve) as client:
        assert client.listing("app").error is not None
    world.check()


# The environment

SCRIPT = """
import json, sys
from tags.registry import Client, Settings
with Client(Settings(**json.load(sys.stdin)), deadline=10) as client:
    listing = client.listing("app")
print(json.dumps([str(listing.error or ""), len(listing.observations)]))
"""


def in_a_trapped_environment(world: World, home: Path, settings: dict[str, Any], **more: str) -> list[Any]:
    """The error and the number of tags that a process of its own sees, whose whole environment is a trap."""
    (home / ".netrc").write_text("default login thief password stolen\nmachine 127.0.0.1 login thief password stolen\n")
    (home / ".netrc").chmod(0o600)
    proxy = f"http://127.0.0.1:{world.sink.port}"
    proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
    trapped = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "NETRC": str(home / ".netrc"),
        "NO_PROXY": "nowhere.example.com",
        "no_proxy": "nowhere.example.com",
        "REQUESTS_CA_BUNDLE": "/nowhere.pem",
        "CURL_CA_BUNDLE": "/nowhere.pem",
        **dict.fromkeys(proxies, proxy),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=json.dumps(settings),
        env=trapped,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("credentials", [{}, {"username": USER, "secret": PASSWORD}], ids=["without", "with"])
def test_neither_a_netrc_nor_a_proxy_changes_what_is_sent(
    world: World, tmp_path: Path, credentials: dict[str, str]
) -> None:
    world.registry.auth = "basic" if credentials else None
    settings = {"address": f"127.0.0.1:{world.registry.port}", "plain_http": True, **credentials}
    assert in_a_trapped_environment(world, tmp_path, settings) == ["", 2]
    sent = {request.headers.get("Authorization") for request in world.registry.requests}
    assert sent == ({None, f"Basic {BASIC}"} if credentials else {None})
    assert not world.sink.received


@pytest.mark.parametrize("trusted", [True, False])
def test_whom_tls_trusts_is_not_for_the_environment_to_say(
    world: World, certificates: Certificates, tmp_path: Path, trusted: bool
) -> None:
    """What the settings trust is trusted whatever it says, and what only the environment vouches for is not."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(certificates.authority)
    paths = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    environment = dict.fromkeys(paths, "/nowhere.pem" if trusted else str(bundle))
    with FakeRegistry(tls=certificates.server) as registry:
        registry.push("app", "1.0")
        settings = {
            "address": f"127.0.0.1:{registry.port}",
            "ca_certificate": certificates.authority if trusted else "",
        }
        error, tags = in_a_trapped_environment(world, tmp_path, settings, **environment)
    assert tags == trusted
    assert trusted != ("is not trusted" in error)
    assert not world.sink.received
