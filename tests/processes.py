"""What tests need to know of running processes."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_session(session: int) -> list[int]:
    """The ids of the processes of a session that live (a zombie does not), lowest first."""
    return sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*") if lives_in(session, entry))


def end_session(session: int) -> None:
    """Kill all of it; more than once, for what is killed late may have started another in between."""
    while left := in_session(session):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def lives_in(session: int, process: Path) -> bool:
    try:
        state = process.joinpath("stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z" and os.getsid(int(process.name)) == session
    except (FileNotFoundError, ProcessLookupError):
        return False


def peak_memory() -> float:
    """MiB of memory that this process had at most; what `getrusage` tells may be its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)
