"""What the fake registry can be told to do wrong: each gives a function that answers an exchange otherwise."""

import gzip
import itertools
import json
import random
from collections.abc import Callable
from copy import deepcopy
from weakref import WeakKeyDictionary

from tests.fakeregistry import JSON, Answer, Exchange, FakeRegistry, FaultAction

Choice = Callable[[Exchange], bool]
"""Whether the second of two servers answers."""


def status(code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> FaultAction:
    return lambda exchange: exchange.answer(Answer(code, headers or {}, body))


def too_many_requests(retry_after: str | None = None) -> FaultAction:
    return status(429, {"Retry-After": retry_after} if retry_after is not None else {})


def redirect(location: str, code: int = 307) -> FaultAction:
    return status(code, {"Location": location})


def web_page(code: int = 200) -> FaultAction:
    return status(code, {"Content-Type": "text/html"}, b"<!doctype html><title>Sign in</title>")


def delay(seconds: float) -> FaultAction:
    """Answers as usual, later."""
    return lambda exchange: exchange.wait(seconds)


def hang() -> FaultAction:
    """Never answers."""

    def action(exchange: Exchange) -> None:
        exchange.wait()
        exchange.hang_up()

    return action


def drop() -> FaultAction:
    """Closes the connection instead of answering."""
    return lambda exchange: exchange.hang_up()


def cut(keep: int = 20) -> FaultAction:
    """Promises the whole body, sends the first bytes of it and hangs up."""

    def action(exchange: Exchange) -> None:
        usual = exchange.usual()
        exchange.answer(
            Answer(usual.status, {**usual.headers, "Content-Length": str(len(usual.body))}, usual.body[:keep])
        )
        exchange.hang_up()

    return action


def drip(pause: float = 0.05) -> FaultAction:
    """Sends the usual head and then a blank now and then, for ever."""

    def action(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        while not exchange.wait(pause):
            exchange.write(b" ")

    return action


def endless_headers(pause: float = 0.0) -> FaultAction:
    """A head without an end; with a pause, slowly."""

    def action(exchange: Exchange) -> None:
        exchange.write(b"HTTP/1.1 200 OK\r\n")
        while not exchange.wait(pause):
            exchange.write(b"X-More: " + b"x" * (8 if pause else 1000) + b"\r\n")

    return action


def gzip_bomb(mebibytes: int) -> FaultAction:
    """So many MiB of blanks, packed a thousand times smaller."""
    packed = gzip.compress(b" " * 2**20) * mebibytes
    return status(200, {"Content-Type": JSON, "Content-Encoding": "gzip"}, packed)


def without_header(name: str) -> FaultAction:
    """The usual answer without, say, its Docker-Content-Digest."""

    def action(exchange: Exchange) -> None:
        usual = exchange.usual()
        exchange.answer(Answer(usual.status, {k: v for k, v in usual.headers.items() if k != name}, usual.body))

    return action


def with_headers(headers: dict[str, str]) -> FaultAction:
    """The usual answer, and these headers."""

    def action(exchange: Exchange) -> None:
        usual = exchange.usual()
        exchange.answer(Answer(usual.status, {**usual.headers, **headers}, usual.body))

    return action


def omit(*names: str) -> FaultAction:
    """The usual list, as if these tags had never been."""

    def action(exchange: Exchange) -> None:
        usual = exchange.usual()
        page = json.loads(usual.body)
        page["tags"] = [tag for tag in page["tags"] if tag not in names]
        exchange.answer(Answer(usual.status, usual.headers, json.dumps(page).encode()))

    return action


def out_of_step(registry: FakeRegistry, choose: Choice) -> FaultAction:
    """A second server behind the address: its tags stay as they are now, whatever is done to those of the first."""
    tags = deepcopy(registry.repositories)

    def action(exchange: Exchange) -> bool | None:
        return exchange.answer(registry.answer_with(exchange.request, tags)) if choose(exchange) else False

    return action


def in_turn() -> Choice:
    """First the first, then the second, then the first again."""
    turns = itertools.cycle((False, True))
    return lambda _exchange: next(turns)


def at_random(dice: random.Random) -> Choice:
    return lambda _exchange: dice.random() < 0.5


def per_connection(choose: Choice) -> Choice:
    """As a balancer does that knows no HTTP: who keeps a connection keeps a server."""
    chosen: WeakKeyDictionary[object, bool] = WeakKeyDictionary()

    def choice(exchange: Exchange) -> bool:
        if exchange.connection not in chosen:
            chosen[exchange.connection] = choose(exchange)
        return chosen[exchange.connection]

    return choice
