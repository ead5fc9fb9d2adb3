"""How long a page takes: the server alone, and until a browser shows something."""

from __future__ import annotations

import http.client
import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Error, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
WARM_UP = 10  # requests: more than the server has threads, each of which opens the database once
ROUNDS = 3  # of requests, of which the quietest counts: what else a machine does comes in bursts
LOADS = 7  # in Chromium
SECONDS_AT_MOST = 20  # for each of these; what is slower is asked less often
PATIENCE = 60  # seconds, for one answer
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


class NotShown(Exception):
    """The page did not answer, or not with what it should show; the message says how."""


@dataclass(frozen=True, slots=True)
class Served:
    """Milliseconds from sending a request to the last byte of its answer; the best tells of a machine that is busy."""

    requests: int
    best: float
    p50: float
    p95: float
    kilobytes: float


@dataclass(frozen=True, slots=True)
class Shown:
    """Milliseconds from the beginning of a navigation, with an empty cache; the median of all loads."""

    content: float
    ready: float


def served(port: int, path: str, expects: str, requests: int) -> Served:
    """Ask one after the other, on a connection that is kept, `requests` times in each round. Raises NotShown."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    began = time.monotonic()
    body = b""
    for _ in range(WARM_UP):
        _took, body = ask(connection, path)
        if time.monotonic() - began > SECONDS_AT_MOST:
            break
    if expects.encode() not in body:
        raise NotShown(f"there is no “{expects}” on it")
    rounds = [one_round(connection, path, requests) for _ in range(ROUNDS)]
    connection.close()
    took = min(rounds, key=percentile_95)
    return Served(len(took), min(took), statistics.median(took), percentile_95(took), len(body) / 1000)


def one_round(connection: http.client.HTTPConnection, path: str, requests: int) -> list[float]:
    took: list[float] = []
    began = time.monotonic()
    while len(took) < requests and (len(took) < 2 or time.monotonic() - began < SECONDS_AT_MOST / ROUNDS):
        took.append(ask(connection, path)[0])
    return took


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[float, bytes]:
    """How many milliseconds the answer took, and what it was. Raises NotShown."""
    began = time.perf_counter()
    try:
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotShown(f"no answer ({error or type(error).__name__})") from error
    if answer.status != http.HTTPStatus.OK:
        raise NotShown(f"answers {answer.status}")
    return (time.perf_counter() - began) * 1000, body


def percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"], timeout=60_000
        )
        yield browser
        browser.close()


def painted(page: Page) -> float:
    """When something was seen first. Raises NotShown."""
    asked = time.monotonic()
    while (at := page.evaluate(PAINTED)) is None:  # not `wait_for_function`: the pages' policy forbids what that does
        if time.monotonic() - asked > PATIENCE:
            raise NotShown("Chromium paints nothing")
        page.wait_for_timeout(20)
    return float(at)


def shown(browser: Browser, port: int, path: str) -> Shown:
    """Load the page again and again, each time as somebody who never saw it. Raises NotShown."""
    content: list[float] = []
    ready: list[float] = []
    began = time.monotonic()
    while len(content) < LOADS and (not content or time.monotonic() - began < SECONDS_AT_MOST):
        context = browser.new_context(timezone_id="Europe/Berlin")
        try:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE * 1000)
            content.append(painted(page))
            ready.append(page.evaluate(READY))
        except Error as error:
            raise NotShown(f"Chromium shows nothing ({error.message.splitlines()[0]})") from error
        finally:
            context.close()
    return Shown(statistics.median(content), statistics.median(ready))
