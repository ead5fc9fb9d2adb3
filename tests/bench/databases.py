"""The databases that are measured on: they come and go, and are set up as in production."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from tests import services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def sqlite() -> Iterator[Callable[[str], str]]:
    """Gives each name the address of an empty database."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield lambda name: f"sqlite:///{folder}/{name}.sqlite3"


@contextmanager
def postgresql() -> Iterator[Callable[[str], str]]:
    """The same on a server of its own, which waits for the disk as it does where its records count."""
    with services.postgres("fsync=on") as url:

        def create(name: str) -> str:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}"')
            return url.rpartition("/")[0] + f"/{name}"

        yield create


def has_postgresql() -> bool:
    folders = os.pathsep.join((os.environ.get("PATH", ""), services.postgres_programs()))
    return shutil.which("initdb", path=folders) is not None


DATABASES = {"sqlite": sqlite, "postgresql": postgresql}


def environment(database: str, broker: str = "") -> dict[str, str]:
    """As in production, but that anybody may read."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regviewer.settings",
        "SECRET_KEY": "only to measure",
        "SECRETS_KEYS": "only to measure",
        "DATABASE_URL": database,
        "REDIS_URL": broker,
        "ALLOWED_HOSTS": "127.0.0.1",
        "TIME_ZONE": "Europe/Berlin",
        "PUBLIC_READ": "on",
        "DEBUG": "off",
    }


def migrate(settings: Mapping[str, str]) -> None:
    """Make the database of this environment one of ours, still empty."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=settings, cwd=ROOT, check=True)
