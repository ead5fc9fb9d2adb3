"""Docker's credential helpers: programs that are told a host and answer with a user name and a secret.

The protocol is that of docker/docker-credential-helpers: `docker-credential-<name> get`, the host on standard input, a
JSON object or words of regret on standard output.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from typing import IO, cast

from .credential import Credential
from .errors import Misconfigured
from .printable import printable

_SECONDS = 10.0
_MOST_BYTES = 64 * 1024
_NOT_FOUND = b"credentials not found"


def credential_of(helper: object, host: str) -> Credential | None:
    """What the helper knows for `host`, None if that is nothing; raises Misconfigured, never with what it said."""
    if not isinstance(helper, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", helper):
        raise Misconfigured(f"{printable(repr(helper))} is no name of a docker credential helper")
    name = f"docker-credential-{helper}"
    program = shutil.which(name)
    if program is None:
        raise Misconfigured(f"{name} is not installed on the machine that runs the worker, or not on its PATH")
    output, code = _run(program, host)
    if code != 0 and _NOT_FOUND in output:
        return None
    try:
        answer = json.loads(output) if code == 0 and len(output) <= _MOST_BYTES else None
        found = Credential(answer["Username"], answer["Secret"]) if isinstance(answer, dict) else None
    except (ValueError, KeyError, RecursionError):
        found = None
    if found is None or not all(isinstance(text, str) for text in (found.username, found.secret)):
        raise Misconfigured(f"{name} gave no credential: try `echo {host} | {name} get` where the worker runs")
    return found if found.secret else None


def _run(program: str, host: str) -> tuple[bytes, int]:
    """What it wrote, and its exit code; it is killed, with all that it started, when it takes too long."""
    with subprocess.Popen(  # noqa: S603 - the name is a checked one, found where programs are
        [program, "get"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        asked, answer = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
        end = time.monotonic() + _SECONDS
        with contextlib.suppress(BrokenPipeError):  # some answer without listening
            asked.write(host.encode())
            asked.close()
        output = _read(answer.fileno(), end)
        try:
            code = process.wait(max(end - time.monotonic(), 0) if len(output) <= _MOST_BYTES else 0)
        except subprocess.TimeoutExpired:
            _kill(process)
            code = process.wait()
        return output, code


def _read(descriptor: int, end: float) -> bytes:
    """What comes until its end or that time; something that the helper left running may hold the pipe open for ever."""
    output = b""
    while len(output) <= _MOST_BYTES and select.select([descriptor], [], [], max(end - time.monotonic(), 0))[0]:
        chunk = os.read(descriptor, _MOST_BYTES + 1)
        if not chunk:
            break
        output += chunk
    return output


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
