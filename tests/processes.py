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
    """The ids of the processes of a session that live (a zombie does not), oldest first: ids are used again."""
    pids = (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))
    begun = {pid: at for pid in pids if (at := _begun(pid, session))}
    return sorted(begun, key=lambda pid: (begun[pid], pid))


def end_session(session: int) -> None:
    """Kill all of it; more than once, for what is killed late may have started another in between."""
    while left := in_session(session):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _begun(pid: int, session: int) -> int:
    """When a process of that session began, in clock ticks since the machine did; 0: it is none, or lives no more."""
    try:
        facts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(facts[19]) if facts[0] != "Z" and int(facts[3]) == session else 0


def peak_memory() -> float:
    """MiB of memory that this process had at most; what `getrusage` tells may be its parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it does not come true"
        time.sleep(0.05)
