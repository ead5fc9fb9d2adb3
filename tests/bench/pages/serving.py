"""The web server as it runs in production, over a database that was filled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import requests

from regviewer import parts
from tests import services
from tests.bench.databases import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS_TO_FILL = 1800


def fill(name: str, database: str) -> None:
    command = [sys.executable, "-m", "tests.bench.pages.fills", name]
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
