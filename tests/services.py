"""Fixtures that start real programs, each on a free port, once per test process: PostgreSQL, Redis, docker-registry."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS_TO_START = 30
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server with one empty database, for `DATABASE_URL`."""
    program("initdb")
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Redis server, for `REDIS_URL`."""
    server = Redis()
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """Distribution's own registry, without accounts."""
    program("docker-registry")
    registry = DockerRegistry(tmp_path_factory.mktemp("docker-registry"))
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


class DockerRegistry:
    """A registry that can be filled, emptied, stopped and started again with what it holds."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.storage = folder / "data"
        self._url = f"http://{self.address}/v2"
        self._configuration = folder / "config.yml"
        # JSON is YAML, as far as the registry is concerned.
        configuration = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.storage)}, "delete": {"enabled": True}},
            "http": {"addr": self.address},
        }
        self._configuration.write_text(json.dumps(configuration))

    def start(self) -> None:
        command = [program("docker-registry"), "serve", str(self._configuration)]
        self._running = running(command, lambda: requests.get(self._url + "/", timeout=1).raise_for_status())
        self._running.__enter__()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def push(self, repository: str, tag: str, content: str) -> str:
        """Make `tag` an image that holds `content`; returns the digest of its manifest."""
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "config": {"Labels": {"content": content}}}
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": self._push_blob(repository, config), "size": len(config)},
            "layers": [],
        }
        url = f"{self._url}/{repository}/manifests/{tag}"
        answer = requests.put(url, json.dumps(manifest), headers={"Content-Type": MANIFEST}, timeout=10)
        answer.raise_for_status()
        return answer.headers["Docker-Content-Digest"]

    def delete(self, repository: str, digest: str) -> None:
        """Delete an image, and so every tag that points to it."""
        requests.delete(f"{self._url}/{repository}/manifests/{digest}", timeout=10).raise_for_status()

    def _push_blob(self, repository: str, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        upload = requests.post(f"{self._url}/{repository}/blobs/uploads/", timeout=10).headers["Location"]
        requests.put(upload, content, params={"digest": digest}, timeout=10).raise_for_status()
        return digest


@contextmanager
def postgres(*settings: str) -> Iterator[str]:
    """Run a PostgreSQL server for as long as the context lasts; yields its address."""
    with Postgres.installed() as server:
        server.start(*settings)
        try:
            yield server.url
        finally:
            server.stop()


class Postgres:
    """A PostgreSQL server that can be stopped and started again with what it holds."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self._folder, self._user, self._data = folder, user, folder / "data"
        self._port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    @classmethod
    @contextmanager
    def installed(cls) -> Iterator[Postgres]:
        """One with an empty database, whose files are there for as long as the context lasts."""
        # Not in pytest's folders: those let only their owner in, and PostgreSQL refuses to run as root.
        folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        user = unprivileged_user()
        try:
            if user:
                shutil.chown(folder, user)
            initdb = [program("initdb"), "--pgdata", folder / "data", "--username", "postgres", "--auth", "trust"]
            command = [*initdb, "--no-sync", "--encoding", "UTF8"]
            subprocess.run(command, user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            yield cls(folder, user)
        finally:
            shutil.rmtree(folder)

    def start(self, *settings: str) -> None:
        """With settings (`name=value`) that suit tests, where no others are asked for."""
        where = ("-h", "127.0.0.1", "-p", str(self._port), "-k", self._folder)
        chosen = ("fsync=off", "autovacuum=off", "max_connections=200", *settings)
        options = [word for setting in chosen for word in ("-c", setting)]
        command = [program("postgres"), "-D", self._data, *where, *options]
        # SIGINT ends it without waiting for its clients to go.
        self._running = running(
            command, lambda: psycopg.connect(self.url).close(), signal.SIGINT, self._user, self._folder
        )
        self._running.__enter__()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    def end_all_connections(self) -> None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(others)


class Redis:
    """A Redis server that can be killed and started again, and forgets what it held."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.client = redis.Redis(port=self._port, socket_timeout=5)

    def start(self) -> None:
        where = ("--port", str(self._port), "--bind", "127.0.0.1")
        command = [program("redis-server"), *where, "--save", "", "--appendonly", "no"]
        self._running = running(command, self.client.ping)
        self.process = self._running.__enter__()

    def stop(self) -> None:
        self._running.__exit__(None, None, None)


@contextmanager
def running(
    command: list[str | Path],
    ask: Callable[[], object],
    end_with: signal.Signals = signal.SIGTERM,
    user: str | None = None,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the context lasts, which begins when `ask` no longer raises."""
    process = subprocess.Popen(
        command, user=user, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not answers(ask):
            assert process.poll() is None, f"{command[0]} ended at once"
            assert time.monotonic() < deadline, f"{command[0]} does not answer"
            time.sleep(0.05)
        yield process
    finally:
        process.send_signal(end_with)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (psycopg.OperationalError, redis.ConnectionError, requests.RequestException):
        return False
    return True


def program(name: str) -> str:
    """Where a program is; the test is skipped where it is not, unless this is CI, which has to install it."""
    found = shutil.which(name) or shutil.which(name, path=postgres_programs())
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def postgres_programs() -> str:
    """The folders, newest version first, in which Debian keeps PostgreSQL's programs."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return os.pathsep.join(str(folder) for folder in sorted(folders, key=version_in, reverse=True))


def version_in(folder: Path) -> int:
    return int(re.sub(r"\D", "", folder.parent.name) or 0)


def unprivileged_user() -> str | None:
    """Somebody to run PostgreSQL as; None: this user will do."""
    if os.geteuid() != 0:
        return None
    users = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in users else "nobody"


def free_port() -> int:
    """None of those that the system gives to connections that go out, of which one could have it a moment later."""
    while True:
        with suppress(OSError), socket.create_server(("127.0.0.1", random.randrange(20_000, 32_000))) as listener:
            return int(listener.getsockname()[1])
