"""The running product with its database and broker, and the means to kill, freeze and starve any part of it."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.chaos.oracle import Look
from tests.processes import end_session, in_session, wait_until
from tests.services import Postgres, Redis, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 120
PARTS = ("worker", "dispatcher", "beat", "web")


class Product:
    """`manage.py up` over a database and a Redis of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str], redis: Redis, postgres: Postgres | None) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.redis = redis
        self.postgres = postgres
        self.port = free_port()
        self._log = folder / "up.log"

    def start(self) -> None:
        with self._log.open("a") as log:
            self._up = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        self._up.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._up.wait(timeout=20)
        end_session(self._up.pid)
        self._up.wait()

    def answers(self) -> bool:
        """Whether all of it works, the first time at the latest when its database was made ready."""
        assert not self.ended(), self.ended()
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=10).status_code == 200
        except (requests.ConnectionError, requests.Timeout):
            return False

    def ended(self) -> str:
        """What it said last, if it ended by itself."""
        return self._log.read_text()[-2000:] if self._up.poll() is not None else ""

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"
        return done.stdout

    # --- Its processes -------------------------------------------------------------------------------------------

    def processes(self) -> dict[str, list[int]]:
        """By part: the main process first, then its children."""
        found: dict[str, list[int]] = {}
        for pid in in_session(self._up.pid):
            words = _command(pid)
            for part in PARTS:
                if _is_of(part, words):
                    found.setdefault(part, []).append(pid)
        return found

    def kill(self, part: str, dice: random.Random, *, child: bool = False) -> None:
        pids = self.processes().get(part, [])
        with suppress(ProcessLookupError):
            if child and len(pids) > 1:
                os.kill(dice.choice(pids[1:]), signal.SIGKILL)
            elif pids and not child:
                os.kill(pids[0], signal.SIGKILL)

    @contextmanager
    def stopped(self, part: str) -> Iterator[None]:
        """All processes of a part stand still for as long as the context lasts."""
        pids = self.processes().get(part, [])
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def footprint(self) -> dict[str, tuple[float, int]]:
        """By part: MiB of memory in the largest process, and open files in the one that has most."""
        found = {}
        for part, pids in self.processes().items():
            with suppress(FileNotFoundError, ProcessLookupError):
                memory = max(_memory(pid) for pid in pids)
                files = max(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)  # noqa: PTH208
                found[part] = (memory, files)
        return found

    # --- What it did ---------------------------------------------------------------------------------------------

    def looks(self) -> dict[str, list[Look]]:
        """The complete polls that the log tells of, by the repository's name."""
        found: dict[str, list[Look]] = {}
        for line in self._log.read_text().splitlines():
            facts = dict(word.partition("=")[::2] for word in line.split(" "))
            if facts.get("event") == "polled" and facts.get("outcome") == "complete":
                ended = dt.datetime.fromisoformat(facts["timestamp"].replace("Z", "+00:00")).timestamp()
                name = facts["repository"].partition("/")[2]
                found.setdefault(name, []).append(Look(ended - float(facts["seconds"]), ended))
        return found


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _is_of(part: str, words: list[str]) -> bool:
    match part:
        case "web":
            return any("gunicorn" in word for word in words)
        case "beat":
            return "celery" in words and "beat" in words
        case "dispatcher":
            return "celery" in words and "dispatch" in words
        case _:
            return "celery" in words and "polls" in words


def _memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@contextmanager
def product(folder: Path, *, on_postgresql: bool) -> Iterator[Product]:
    """One that runs, over a database that is empty and up to date."""
    redis = Redis()
    redis.start()
    environment = {
        **os.environ,
        "SECRET_KEY": "only-for-tests",
        "SECRETS_KEYS": "only-for-tests",
        "REDIS_URL": redis.url,
        "PUBLIC_READ": "on",
        "DJANGO_SETTINGS_MODULE": "regviewer.settings",
        "LOG_LEVEL": "INFO",
        "TIME_ZONE": "UTC",
    }
    try:
        if on_postgresql:
            with Postgres.installed() as postgres:
                postgres.start()
                try:
                    yield from _running(Product(folder, {**environment, "DATABASE_URL": postgres.url}, redis, postgres))
                finally:
                    postgres.stop()
        else:
            url = f"sqlite:///{folder / 'chaos.sqlite3'}"
            yield from _running(Product(folder, {**environment, "DATABASE_URL": url}, redis, None))
    finally:
        redis.stop()


def _running(product: Product) -> Iterator[Product]:
    product.start()
    try:
        wait_until(product.answers, SECONDS_TO_START)
        yield product
    finally:
        product.stop()
