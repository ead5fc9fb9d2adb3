"""`manage.py up` as people start it: the real broker, web server, worker and beat."""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from regviewer import parts
from tests.processes import end_session, in_session, wait_until
from tests.services import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SECONDS_TO_START = 60
# The processes: the supervisor, five guards, broker, beat, dispatcher, web and worker with their children.
FAMILY = 1 + 5 + 1 + 1 + 1 + (1 + 1) + (1 + parts.WORKER_PROCESSES)


class Up:
    """One run of `manage.py up` in a session, with a port and a database of its own."""

    def __init__(self, folder: Path, *, command: str = "up", **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / f"{self.port}.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", command, "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, **settings(folder), **environment},
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def processes(self) -> list[int]:
        return in_session(self.process.pid)

    def wait_until_it_works(self) -> None:
        wait_until(self.works, SECONDS_TO_START)

    def works(self) -> bool:
        assert self.process.poll() is None, self.output
        try:
            return requests.get(f"{self.url}/healthz", timeout=10).status_code == 200
        except (requests.ConnectionError, requests.Timeout):  # a busy machine starts five programs slowly
            return False

    def end(self) -> None:
        end_session(self.process.pid)
        self.process.wait()


def settings(folder: Path) -> dict[str, str]:
    return {
        "SECRET_KEY": "only-for-tests",
        "SECRETS_KEYS": "only-for-tests",
        "DATABASE_URL": f"sqlite:///{folder / 'up.sqlite3'}",
        "REDIS_URL": "",
        "PUBLIC_READ": "on",
        "DJANGO_SETTINGS_MODULE": "regviewer.settings",
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    up = Up(tmp_path)
    try:
        up.wait_until_it_works()
        yield up
    finally:
        up.end()


def refusal(folder: Path, *, port: str = "", **environment: str) -> str:
    """What `up` says when it refuses to start."""
    refused = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", port or str(free_port())],
        cwd=ROOT,
        env={**os.environ, **settings(folder), **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_START,
    )
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    return refused.stderr


def test_everything_works_and_one_ctrl_c_stops_it(up: Up, tmp_path: Path) -> None:
    assert requests.get(f"{up.url}/admin/login/", timeout=10).status_code == 200
    again = refusal(tmp_path, port=str(up.port))
    assert f"Port {up.port} cannot be used (Address already in use)" in again
    assert len(up.processes) == FAMILY
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=12) == 0
    assert up.processes == []
    assert "Traceback" not in up.output
    assert up.output.endswith("RegistryViewer has stopped.\n")


def test_the_first_admin_may_log_in_with_the_password_that_is_shown_once(up: Up, tmp_path: Path) -> None:
    (password,) = re.findall(r"The account admin was made\. Its password, shown only this once: (\S+)", up.output)
    with requests.Session() as browser:
        form = {"username": "admin", "password": password, "next": "/admin/"}
        browser.get(f"{up.url}/admin/login/", timeout=10)
        form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
        answer = browser.post(f"{up.url}/admin/login/", data=form, timeout=10)
    assert (answer.status_code, answer.url) == (200, f"{up.url}/admin/")
    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(timeout=12) == 0
    later = Up(tmp_path)
    later.wait_until_it_works()
    later.end()
    assert "password" not in later.output


def test_what_is_killed_comes_back_and_nothing_outlives_the_supervisor(up: Up) -> None:
    for victim in set(up.processes) - {up.process.pid}:
        os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(up.processes) == FAMILY and up.works(), SECONDS_TO_START)
    up.process.kill()
    wait_until(lambda: up.processes == [])
    with socket.create_server(("127.0.0.1", up.port)):
        pass  # the port is free again


def test_a_locked_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "up.sqlite3"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert f"{path} cannot be used: another program holds it locked" in refusal(tmp_path)
    other.close()


def test_a_directory_that_takes_no_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'missing' / 'up.sqlite3'}"
    assert "cannot be used: it cannot be opened or made" in refusal(tmp_path, DATABASE_URL=url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "up.sqlite3").write_text("something else entirely, and long enough to be looked at " * 20)
    assert "cannot be used: it is not an SQLite database" in refusal(tmp_path)


def test_a_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert "The broker that REDIS_URL names does not answer" in refusal(tmp_path, REDIS_URL=url)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "up.sqlite3") as newer:
        newer.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied DATETIME)")
        newer.execute("INSERT INTO django_migrations VALUES (1, 'tags', '9999_from_the_future', '2030-01-01')")
    newer.close()
    assert "used by a newer version of RegistryViewer (it has tags.9999_from_the_future" in refusal(tmp_path)


def test_a_postgresql_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    port = free_port()
    said = refusal(tmp_path, DATABASE_URL=f"postgres://ann:hidden@127.0.0.1:{port}/regviewer")
    assert f"The database regviewer at 127.0.0.1:{port} cannot be used: " in said
    assert "hidden" not in said


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    assert "SECRET_KEY is not set" in refusal(tmp_path, SECRET_KEY="")


def test_without_a_broker_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)  # as where pip had no Valkey to install
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(parts.CannotStart, match="install Valkey or Redis"):
        parts.broker(tmp_path)


def test_a_broker_of_the_system_will_do_if_it_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, exit_code in (("valkey-server", 1), ("redis-server", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {exit_code}\n")
        (tmp_path / name).chmod(0o755)
    assert parts.broker_program() == str(tmp_path / "redis-server")
