"""People who read pages and click while something is out of order; what counts is how long the longest of it took."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, Self

import requests

from tests.chaos.trials.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.world import World

SECONDS_BETWEEN_PAGES = 0.2
SECONDS_BETWEEN_CLICKS = 2.0
SECONDS_A_CLICK_TAKES = 5
LONGEST = 60  # then nobody waits any more


class People:
    """`with People(world) as people:` lets them come and go; `figures()` tells what they met with."""

    def __init__(self, world: World) -> None:
        self._url = f"http://127.0.0.1:{world.product.port}"
        repository = world.rows().earliest("pk")
        self._pages = ("/", repository.get_absolute_url(), "/healthz", "/registries/")
        self._clicks = (
            ("/admin/tags/repository/", "poll_now", repository.pk),
            ("/admin/tags/registry/", "check_connections", repository.registry_id),
        )
        self._session = requests.Session()
        self._sign_in(world.product.password)
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._met: Counter[str] = Counter()
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._go_on, args=(self._read_pages, SECONDS_BETWEEN_PAGES)),
            threading.Thread(target=self._go_on, args=(self._click, SECONDS_BETWEEN_CLICKS)),
        ]

    def __enter__(self) -> Self:
        self._over.clear()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def figures(self) -> Iterator[Figure]:
        for what, seconds in sorted(self._seconds.items()):
            yield Figure(f"longest of {len(seconds)} {what}", max(seconds), " s", most=SECONDS_A_CLICK_TAKES)
        for what, count in sorted(self._met.items()):
            yield Figure(what, count)

    def _read_pages(self) -> Iterator[None]:
        for page in self._pages:
            self._ask("pages", partial(requests.get, self._url + page, timeout=LONGEST))
            yield

    def _click(self) -> Iterator[None]:
        for page, action, pk in self._clicks:
            form = {"action": action, "_selected_action": pk, "csrfmiddlewaretoken": self._session.cookies["csrftoken"]}
            self._ask(
                "clicks", lambda page=page, form=form: self._session.post(self._url + page, form, timeout=LONGEST)
            )
            yield

    @property
    def _token(self) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self._session.cookies["csrftoken"]}

    def _go_on(self, once: Callable[[], Iterator[None]], pause: float) -> None:
        while not self._over.is_set():
            for _ in once():
                if self._over.wait(pause):
                    return

    def _ask(self, what: str, ask: Callable[[], requests.Response]) -> None:
        begun = time.monotonic()
        try:
            status = ask().status_code
        except requests.RequestException as error:
            status = type(error).__name__
        self._seconds[what].append(time.monotonic() - begun)
        if status != requests.codes.ok:
            self._met[f"{what} answered {status}"] += 1

    def _sign_in(self, password: str) -> None:
        page = f"{self._url}/admin/login/"
        self._session.get(page, timeout=LONGEST)
        form = {"username": "admin", "password": password, "next": "/admin/", **self._token}
        answer = self._session.post(page, form, timeout=LONGEST)
        assert answer.url.endswith("/admin/"), f"nobody could sign in: {answer.status_code} {answer.url}"
