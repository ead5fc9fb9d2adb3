"""What the pages are measured on: databases that come and go, and the web server as it runs in production."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import requests

from regviewer import parts
from tests import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS_TO_FILL = 1800
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def sqlite() -> Iterator[Callable[[str], str]]:
    """Gives each name the address of an empty database."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield lambda name: f"sqlite:///{folder}/{name}.sqlite3"


@contextmanager
def postgresql() -> Iterator[Callable[[str], str]]:
    """The same on a server of its own."""
    with services.postgres() as url:

        def create(name: str) -> str:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            return url.rpartition("/")[0] + f"/{name}"

        yield create


def has_postgresql() -> bool:
    folders = os.pathsep.join((os.environ.get("PATH", ""), services.postgres_programs()))
    return shutil.which("initdb", path=folders) is not None


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


def environment(database: str) -> dict[str, str]:
    """As in production, but that anybody may read."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regviewer.settings",
        "SECRET_KEY": "only to measure",
        "SECRETS_KEYS": "only to measure",
        "DATABASE_URL": database,
        "REDIS_URL": "",
        "ALLOWED_HOSTS": "127.0.0.1",
        "TIME_ZONE": "Europe/Berlin",
        "PUBLIC_READ": "on",
        "DEBUG": "off",
    }


def fill(name: str, database: str) -> None:
    command = [sys.executable, "-m", "tests.bench.fills", name]
    subprocess.run(command, env=environment(database), cwd=ROOT, check=True, timeout=SECONDS_TO_FILL)


@contextmanager
def web_server(database: str) -> Iterator[int]:
    """Runs it for as long as the context lasts; yields its port."""
    with closing(parts.listen(services.free_port())) as listener, tempfile.TemporaryFile() as log:
        part, port = parts.web(listener), listener.getsockname()[1]
        server = subprocess.Popen(
            part.command,
            env={**environment(database), **part.environment},
            cwd=ROOT,
            pass_fds=part.open_files,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            requests.get(f"http://127.0.0.1:{port}/accounts/login/", timeout=60)  # the listener waits until it is up
            yield port
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
