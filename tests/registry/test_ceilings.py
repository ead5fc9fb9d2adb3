"""What a registry can send to exhaust whoever listens: each request ends within its ceiling, in words."""

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any

import pytest

from tags.registry import Client, Settings, TimedOut, TooLarge, pages
from tests.certificates import Certificates
from tests.fakeregistry import JSON, Answer, Exchange, FakeRegistry, FaultAction
from tests.faults import drip, endless_headers, gzip_bomb, hang, status

MIB = 2**20
MEMORY = 300
"""MiB that a worker may take, whatever it is sent."""

MILLION = 1_000_000


def page(names: str) -> FaultAction:
    """A list of tags in one page; `names` is the inside of the JSON array."""
    return status(200, {"Content-Type": JSON}, f'{{"tags":[{names}]}}'.encode())


def bomb_behind(code: int, mebibytes: int = 512, **headers: str) -> FaultAction:
    packed = gzip.compress(b" " * MIB) * mebibytes
    return status(code, {"Content-Encoding": "gzip", **headers}, packed)


def chunked(*, line: bytes = b"", body: bytes = b"") -> FaultAction:
    """A body in chunks, whose first chunk's size is written in an endless line, or which never ends itself."""

    def action(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not exchange.registry.closing.is_set():
            exchange.write(line or b"%x\r\n%s\r\n" % (len(body), body))

    return action


def endless_line(exchange: Exchange) -> None:
    exchange.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
    while not exchange.registry.closing.is_set():
        exchange.write(b"x" * MIB)


def interim_answers(exchange: Exchange) -> None:
    while not exchange.wait(0.02):
        exchange.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def a_million_tags(exchange: Exchange) -> None:
    last = exchange.request.query.get("last", ["v-1"])[0]
    first = int(last[1:]) + 1
    names = [f"v{number:07}" for number in range(first, min(first + 999, MILLION))]
    more = {"Link": f'</v2/million/tags/list?last={names[-1]}&n=999>; rel="next"'} if len(names) == 999 else {}
    exchange.answer(Answer(200, {"Content-Type": JSON, **more}, json.dumps({"tags": names}).encode()))


def ask_for_token(exchange: Exchange) -> None:
    challenge = f'Bearer realm="{exchange.registry.url}/bomb",service="fake"'
    exchange.answer(Answer(401, {"WWW-Authenticate": challenge}))


MANY = b'{"":0},' * 590_000 + b"0]}"

# Repository, what its list or its manifests are, and the error that is told (none: the list is complete).
EXHAUSTING: list[tuple[str, FaultAction, str]] = [
    ("page-bomb", gzip_bomb(512), "TooLarge"),
    ("page-bomb-in-chunks", chunked(body=gzip.compress(b" " * 8 * MIB)), "TooLarge"),
    ("page-too-large", status(200, {}, b" " * (32 * MIB + 1)), "TooLarge"),
    ("page-of-nonsense", status(200, {}, b" " * (32 * MIB - 1) + b"!"), "BadAnswer"),
    ("redirect-bomb", bomb_behind(302, Location="/v2/whole/tags/list"), ""),
    ("error-bomb", bomb_behind(500), "ServerError"),
    ("refusal-bomb", bomb_behind(400), "BadAnswer"),
    ("nested", bomb_behind(200, 1, **{"Content-Encoding": "gzip, gzip"}), "BadAnswer"),
    ("brotli", status(200, {"Content-Encoding": "br"}, b"\x0b\x02\x80{}\x03"), "BadAnswer"),
    ("zstd", status(200, {"Content-Encoding": "zstd"}, b"(\xb5/\xfd\x04\x00\x11\x00\x00{}"), "BadAnswer"),
    ("three-million-names", page(",".join(f'"{number:06x}"' for number in range(3 * MILLION))), "TooLarge"),
    ("as-many-names-as-fit", page(",".join(f'"{number:07}"' for number in range(MILLION))), ""),
    ("objects", page(",".join(['{"":0}'] * 1_900_000)), "TooLarge"),
    ("lists", page(",".join(["[]"] * 1_900_000)), "TooLarge"),
    ("numbers", page(",".join(["1.5"] * 1_900_000)), "TooLarge"),
    ("deep", page("[" * 100_000), "BadAnswer"),
    ("million", a_million_tags, ""),
    ("line", endless_line, "BadAnswer"),
    ("headers", endless_headers(), "BadAnswer"),
    ("token-bomb", ask_for_token, "TooLarge"),
    ("chunk-line", chunked(line=b"0" * MIB), "BadAnswer"),
]
MANIFESTS: list[tuple[str, FaultAction, str]] = [
    ("manifest-bomb", bomb_behind(200), "TooLarge"),
    ("manifest-objects", status(200, {}, b'{"schemaVersion":2,"x":[' + MANY), "BadAnswer"),
]


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, Any]]:
    """How a worker fared that met all of these, one after the other: repository -> what it says."""
    with FakeRegistry() as registry:
        registry.push("whole", "1.0")
        registry.fault(bomb_behind(200), path="^/bomb")
        for repository, fault, _error in EXHAUSTING:
            registry.fault(fault, path=f"/v2/{repository}/tags/list")
        for repository, fault, _error in MANIFESTS:
            for number in range(40):
                registry.push(repository, f"look{number}")
            registry.fault(status(405), path=f"/v2/{repository}/manifests/", method="HEAD")
            registry.fault(fault, path=f"/v2/{repository}/manifests/", method="GET")
        settings = json.dumps({"address": registry.address, "plain_http": True})
        repositories = [repository for repository, _fault, _error in EXHAUSTING + MANIFESTS]
        repositories += [name for name in repositories if name.startswith("page-")] * 3  # nothing of them may be kept
        worker = subprocess.run(
            [sys.executable, "-m", "tests.registry.measured", settings, *repositories],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        )
    lines = [json.loads(line) for line in worker.stdout.splitlines()]
    return {line["repository"]: line for line in lines}


@pytest.mark.parametrize(
    ("repository", "error"), [(repository, error) for repository, _fault, error in EXHAUSTING + MANIFESTS]
)
def test_a_worker_stays_small_and_says_what_it_met(
    told: dict[str, dict[str, Any]], repository: str, error: str
) -> None:
    met = told[repository]
    assert (met["error"], met["peak"] < MEMORY) == (error, True), met
    assert met["complete"] == (error == "" or repository.startswith("manifest-"))


SHORT = 0.3


def slow_redirects(exchange: Exchange) -> None:
    exchange.wait(SHORT / 2)
    exchange.answer(Answer(307, {"Location": exchange.request.path + "x"}))


@pytest.mark.parametrize(
    "fault",
    [hang(), drip(), endless_headers(pause=0.02), interim_answers, slow_redirects],
    ids=["silence", "body", "headers", "interim", "redirects"],
)
def test_a_list_that_comes_too_slowly_ends_with_the_deadline(fake_registry: FakeRegistry, fault: FaultAction) -> None:
    fake_registry.push("app", "1.0")
    fake_registry.fault(fault, path="/tags/list")
    with Client(fake_registry.settings(), deadline=SHORT) as client:
        listing = client.listing("app")
    assert isinstance(listing.error, TimedOut)
    assert not listing.complete


def test_a_name_that_is_looked_up_too_slowly_ends_with_the_deadline(fake_registry: FakeRegistry) -> None:
    def resolve(host: str, port: int) -> Any:
        fake_registry.closing.wait()
        return fake_registry.resolve(host, port)

    with Client(fake_registry.settings(address="registry.example.com"), deadline=SHORT, resolve=resolve) as client:
        assert isinstance(client.listing("app").error, TimedOut)
    fake_registry.closing.set()


def test_a_handshake_that_comes_too_slowly_ends_with_the_deadline(certificates: Certificates) -> None:
    begun, done = threading.Event(), threading.Event()

    def drip_handshake(server: socket.socket) -> None:
        connection, _address = server.accept()
        begun.set()
        with connection, suppress(OSError):
            record = b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc"  # a ServerHello of 16 KiB, to come
            while not done.wait(0.02):
                connection.send(record[:1] or b"\x00")
                record = record[1:]

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip_handshake, args=(server,))
        thread.start()
        settings = Settings(f"127.0.0.1:{server.getsockname()[1]}", ca_certificate=certificates.authority)
        with Client(settings, deadline=SHORT) as client:
            while not begun.is_set():  # on a busy machine the deadline may pass before it is connected
                assert isinstance(client.listing("app").error, TimedOut)
        done.set()
        thread.join()


def endless_pages(exchange: Exchange) -> None:
    number = int(exchange.request.query.get("last", ["0"])[0])
    link = f'</v2/app/tags/list?last={number + 1}>; rel="next"'
    exchange.answer(Answer(200, {"Link": link}, json.dumps({"tags": [f"a{number}", f"b{number}"]}).encode()))


@pytest.mark.parametrize(
    ("ceiling", "value", "words"),
    [("_MOST_PAGES", 7, "no end"), ("_MOST_SECONDS", 0, "no end"), ("_MOST_NAMES", 7, "more than 7 names")],
)
def test_a_list_without_end_is_given_up_and_that_is_said(
    fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, ceiling: str, value: int, words: str
) -> None:
    monkeypatch.setattr(pages, ceiling, value)
    fake_registry.fault(endless_pages)
    with Client(fake_registry.settings()) as client:
        listing = client.listing("app")
    assert isinstance(listing.error, TooLarge)
    assert words in str(listing.error)
    assert not listing.complete
    assert len(fake_registry.requests) <= 7
