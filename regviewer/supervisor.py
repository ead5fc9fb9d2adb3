"""Keeps programs running side by side, stops all on one signal, and leaves nothing behind when it is killed itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import FrameType

SECONDS_TO_STOP = 8
SECONDS_BETWEEN_LOOKS = 0.1
SOON = 10  # seconds: a program that ends within them has not really started
ENDS_IN_A_ROW = 5
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class GaveUp(Exception):
    """A program ends right after its start again and again; the message is one sentence."""


@dataclass(frozen=True)
class Part:
    """A program to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)  # added to the supervisor's own
    open_files: tuple[int, ...] = ()  # descriptors that it inherits


class Running:
    """A part that was started, and all that it starts in turn: one process group.

    The group's leader is a guard, a shell that waits for the end of the lifeline, a pipe whose other end only the
    supervisor holds. However the supervisor ends, the pipe ends with it, and the guard kills its group. A program
    is in the group before it lets go of its own copy of the pipe, so there is no moment at which it could be missed.
    """

    def __init__(self, part: Part, lifeline: int) -> None:
        self.started_at = time.monotonic()
        self.guard = subprocess.Popen(["/bin/sh", "-c", "read _; kill -9 0"], stdin=lifeline, process_group=0)
        self.program = subprocess.Popen(  # noqa: S603
            part.command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **part.environment},
            pass_fds=part.open_files,
            process_group=self.guard.pid,
        )

    def has_ended(self) -> bool:
        # The guard is asked last: as long as nobody has asked, its process id, which names the group, stays taken.
        return self.program.poll() is not None or self.guard.poll() is not None

    def terminate(self) -> None:
        self.program.terminate()

    def kill(self) -> None:
        """End the whole group, with whatever the program left behind."""
        with suppress(ProcessLookupError, PermissionError):  # nobody is left, or (on macOS) only the dead are
            os.killpg(self.guard.pid, signal.SIGKILL)
        self.program.wait()
        self.guard.wait()


class Supervised:
    """A part over its restarts."""

    def __init__(self, part: Part, lifeline: int, say: Callable[[str], None]) -> None:
        self.part, self.lifeline, self.say = part, lifeline, say
        self.running: Running | None = None
        self.start_at = 0.0
        self.ends_in_a_row = 0

    def keep_running(self) -> None:
        """Start the part if it is time to. Raises GaveUp."""
        if self.running and self.running.has_ended():
            self.clear_away(self.running)
        if not self.running and time.monotonic() >= self.start_at:
            self.running = Running(self.part, self.lifeline)

    def restart(self, reason: str) -> None:
        """Kill what hangs: it would not listen, and loses nothing by it."""
        if self.running:
            self.say(f"The {self.part.name} hangs ({reason}): it is started again.")
            self.running.kill()
            self.running = None

    def clear_away(self, running: Running) -> None:
        running.kill()
        self.running = None
        now = time.monotonic()
        self.ends_in_a_row = self.ends_in_a_row + 1 if now - running.started_at < SOON else 1
        how = describe(running.program.returncode)
        if self.ends_in_a_row == ENDS_IN_A_ROW:
            raise GaveUp(
                f"The {self.part.name} ended {ENDS_IN_A_ROW} times in a row soon after its start, "
                f"at last {how}: what it said stands above."
            )
        pause = 0.5 * 2 ** (self.ends_in_a_row - 1)
        self.start_at = now + pause
        self.say(f"The {self.part.name} ended {how}; it is started again in {pause:g} s.")


class Supervisor:
    """Keeps layers of parts running; what is in a later layer needs the earlier ones, and is stopped before them."""

    def __init__(self, layers: Sequence[Sequence[Part]], say: Callable[[str], None]) -> None:
        self.layers, self.say = layers, say
        self.stopping = False
        self.hanging: SimpleQueue[tuple[str, str]] = SimpleQueue()

    def restart(self, part: str, reason: str) -> None:
        """From any thread: have a part started again, if it is one of these."""
        self.hanging.put((part, reason))

    def run(self) -> None:
        """Return after one of STOPPING_SIGNALS, when everything has ended. Raises GaveUp, also then."""
        lifeline, held = os.pipe()
        layers = [[Supervised(part, lifeline, self.say) for part in layer] for layer in self.layers]
        with self.noticing_signals():
            try:
                everything = {one.part.name: one for layer in layers for one in layer}
                while not self.stopping:
                    while not self.hanging.empty():
                        part, reason = self.hanging.get()
                        if part in everything:
                            everything[part].restart(reason)
                    for supervised in everything.values():
                        supervised.keep_running()
                    time.sleep(SECONDS_BETWEEN_LOOKS)
            finally:
                self.stop(layers)
                os.close(held)
                os.close(lifeline)

    def stop(self, layers: Sequence[Sequence[Supervised]]) -> None:
        deadline = time.monotonic() + SECONDS_TO_STOP
        for layer in reversed(layers):
            running = [supervised.running for supervised in layer if supervised.running]
            for one in running:
                one.terminate()
            while time.monotonic() < deadline and any(one.program.poll() is None for one in running):
                time.sleep(SECONDS_BETWEEN_LOOKS)
            for one in running:
                one.kill()

    @contextmanager
    def noticing_signals(self) -> Iterator[None]:
        def notice(number: int, frame: FrameType | None) -> None:
            self.stopping = True

        # Who started us with nohup wants the end of the terminal to pass us by.
        deaf = [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else []
        noticed = [number for number in STOPPING_SIGNALS if number not in deaf]
        before = {number: signal.signal(number, notice) for number in noticed}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def describe(returncode: int) -> str:
    return f"by signal {-returncode}" if returncode < 0 else f"with exit code {returncode}"
