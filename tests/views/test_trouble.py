"""A database in trouble has a page of its own, for whoever asks, and says nothing of itself."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.test import Client

from tags.models import Repository
from tags.views.trouble import Trouble, trouble_of
from tests.test_manage import ROOT
from tests.views.reading import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APP = "registry.example.com/shop/app"
POLL_NOW = "/admin/tags/repository/"


def caused_by(cause: Exception) -> OperationalError:
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


def of_sqlite(code: int) -> OperationalError:
    cause = sqlite3.OperationalError("unable to open /home/somebody/secret.sqlite3")
    cause.sqlite_errorcode = code
    return caused_by(cause)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (caused_by(psycopg.errors.LockNotAvailable()), Trouble.BUSY),
        (caused_by(psycopg.errors.QueryCanceled()), Trouble.BUSY),
        (caused_by(psycopg.errors.DeadlockDetected()), Trouble.BUSY),
        (caused_by(psycopg.errors.AdminShutdown()), Trouble.AWAY),
        (caused_by(psycopg.errors.CannotConnectNow()), Trouble.AWAY),
        (caused_by(psycopg.errors.TooManyConnections()), Trouble.AWAY),
        (caused_by(psycopg.errors.ConnectionTimeout()), Trouble.AWAY),
        (caused_by(psycopg.OperationalError("connection refused")), Trouble.AWAY),
        (InterfaceError("the connection is closed"), Trouble.AWAY),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.BUSY),
        (of_sqlite(sqlite3.SQLITE_CANTOPEN), Trouble.AWAY),
        (caused_by(psycopg.errors.DiskFull()), None),
        (of_sqlite(sqlite3.SQLITE_ERROR), None),  # no such table
        (of_sqlite(sqlite3.SQLITE_FULL), None),
        (ProgrammingError("no such column"), None),
        (ValueError(), None),
        (None, None),
    ],
)
def test_what_passes_by_itself_is_told_from_what_somebody_has_to_mend(
    error: BaseException | None, trouble: Trouble | None
) -> None:
    assert trouble_of(error) is trouble


class TestWhoAsks:
    @pytest.fixture
    def asking(self, db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
        """A client of pages that all run into this error."""

        def asking(error: Exception) -> Client:
            def fail(*_: object, **__: object) -> None:
                raise error

            monkeypatch.setattr(Repository.objects, "get_queryset", fail)
            return Client(raise_request_exception=False)

        return asking

    def test_any_other_error_is_told_as_ever(self, asking: Callable[..., Client]) -> None:
        response = asking(of_sqlite(sqlite3.SQLITE_CORRUPT)).get("/")
        assert response.status_code == 500
        assert "Something went wrong" in text_of(response)
        assert "Retry-After" not in response

    def test_a_person_reads_it_in_their_language(self, asking: Callable[..., Client]) -> None:
        client = asking(of_sqlite(sqlite3.SQLITE_BUSY))
        response = client.get("/")
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert text_of(response).startswith("503 The database is busy Nothing was changed. Try again in a moment.")
        assert "secret.sqlite3" not in response.text
        assert 'lang="de"' in client.get("/", headers={"Accept-Language": "de"}).text

    @pytest.mark.parametrize("address", ["/api/v1/repositories", f"/atom/{APP}/", f"/badge/{APP}:latest/"])
    def test_a_program_reads_json(self, asking: Callable[..., Client], address: str) -> None:
        response = asking(of_sqlite(sqlite3.SQLITE_BUSY)).get(address, headers={"Accept-Language": "de"})
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert response.json() == {"detail": "The database is busy. Nothing was changed. Try again in a moment."}

    def test_an_export_is_a_line(self, asking: Callable[..., Client]) -> None:
        response = asking(InterfaceError("closed")).get(f"/{APP}/?format=csv")
        assert (response.status_code, response["Retry-After"]) == (503, "30")
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert (
            response.text
            == "The database cannot be reached. Nothing can be shown until it is back. Try again in a minute.\n"
        )


@contextmanager
def web(database: str) -> Iterator[Callable[[str], dict[str, Any]]]:
    """What asks a web of that database, which waits a second for a lock: `METHOD ADDRESS` -> its answer."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "regviewer.settings",
        "DATABASE_URL": database,
        "DATABASE_PATIENCE": "1",
        "ALLOWED_HOSTS": "*",
        "PUBLIC_READ": "on",
    }
    command = [sys.executable, "-m", "tests.locked"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

        def ask(question: str) -> dict[str, Any]:
            print(question, file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


def is_busy(answer: dict[str, Any]) -> bool:
    assert "lock" not in answer["text"].partition("<main")[2]
    return answer["status"] == 503 and "The database is busy" in answer["text"] and "Retry-After" in answer["headers"]


def test_a_click_that_waits_too_long_for_sqlite_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite3"
    with web(f"sqlite:///{path}") as ask:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert is_busy(ask(f"POST {POLL_NOW}"))
        assert ask("GET /")["status"] == 200
        holder.rollback()
        assert ask(f"POST {POLL_NOW}")["status"] == 302
        holder.close()


@pytest.mark.real
def test_a_click_that_waits_too_long_for_postgresql_is_told_so(postgres_url: str) -> None:
    name = f"locked_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    database = f"{postgres_url.rpartition('/')[0]}/{name}"
    with web(database) as ask, psycopg.connect(database) as holder:
        was = holder.execute("UPDATE tags_registry SET retry_at = now() RETURNING retry_at").fetchone()
        holder.commit()
        holder.execute("SELECT 1 FROM tags_repository FOR UPDATE")
        assert ask("GET /")["status"] == 200
        assert is_busy(ask(f"POST {POLL_NOW}"))
        assert holder.execute("SELECT retry_at FROM tags_registry").fetchone() == was, "nothing was changed"
        holder.execute("LOCK TABLE tags_repository IN ACCESS EXCLUSIVE MODE")
        for address in ("/", POLL_NOW, f"/{APP}/", f"/{APP}/?format=json", f"/badge/{APP}:latest/"):
            assert is_busy(ask(f"GET {address}")), address
        answer = ask("GET /api/v1/repositories")
        assert is_busy(answer)
        assert json.loads(answer["text"]).keys() == {"detail"}
        holder.rollback()
        assert ask(f"POST {POLL_NOW}")["status"] == 302
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(others, [name])
        answer = ask("GET /")
        assert (answer["status"], answer["headers"]["Retry-After"]) == (503, "30")
        assert "The database cannot be reached" in answer["text"]
        assert name not in answer["text"]
