"""The running product with its database and broker, and the means to kill, freeze and starve any part of it."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import requests

from tests.chaos.oracle import Look
from tests.processes import end_session, in_session, wait_until
from tests.services import Postgres, Redis, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regviewer.supervisor import Part

ROOT = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 300
PARTS = ("worker", "dispatcher", "beat", "web")


class Polled(NamedTuple):
    """A poll that came to an end, as the log tells it; times in seconds since the epoch."""

    reference: str
    outcome: str
    begun: float
    ended: float


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
        self._sessions = [self._up.pid]

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

    @property
    def password(self) -> str:
        """Of the account `admin`, which it made at its first start."""
        found = re.search(r"shown only this once: (\S+)", self._log.read_text())
        assert found
        return found[1]

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
    def stopped(self, pids: Sequence[int]) -> Iterator[None]:
        """These processes stand still for as long as the context lasts."""
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def asking_from(self, port: int) -> int:
        """The process of ours that has this end of a connection."""
        inodes = {f"socket:[{row[9]}]" for row in _connections() if int(row[1].partition(":")[2], 16) == port}
        return next(pid for session in self._sessions for pid in in_session(session) if inodes & _files(pid))

    @contextmanager
    def beside(self, part: Part) -> Iterator[None]:
        """Another one of a part, which `up` does not look after."""
        environment = {**self.environment, **part.environment}
        with self._log.open("a") as log:
            other = subprocess.Popen(
                part.command, cwd=ROOT, env=environment, start_new_session=True, stdout=log, stderr=log
            )
        self._sessions.append(other.pid)
        try:
            yield
        finally:
            self._sessions.remove(other.pid)
            end_session(other.pid)
            other.wait()

    def relatives(self, pid: int) -> list[int]:
        """The main process and all children of the part that a process belongs to."""
        group = os.getpgid(pid)
        return [one for session in self._sessions for one in in_session(session) if os.getpgid(one) == group]

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

    def polls(self) -> Iterator[Polled]:
        """In the order in which they ended."""
        for line in self._log.read_text().splitlines():
            facts = dict(word.partition("=")[::2] for word in line.split(" "))
            if facts.get("event") == "polled":
                ended = dt.datetime.fromisoformat(facts["timestamp"].replace("Z", "+00:00")).timestamp()
                yield Polled(facts["repository"], facts["outcome"], ended - float(facts["seconds"]), ended)

    def looks(self) -> dict[str, list[Look]]:
        """The complete polls, by the repository's name."""
        found: dict[str, list[Look]] = {}
        for poll in self.polls():
            if poll.outcome == "complete":
                name = poll.reference.partition("/")[2]
                found.setdefault(name, []).append(Look(poll.begun, poll.ended))
        return found


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _connections() -> list[list[str]]:
    return [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]


def _files(pid: int) -> set[str]:
    """What a process has open."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it was closed meanwhile
            found.add(str(file.readlink()))
    return found


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
