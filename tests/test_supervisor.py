"""The supervisor with small programs of its own; the real ones are in test_up.py."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regviewer import supervisor as module
from regviewer.supervisor import Part, Supervisor
from tests.processes import end_session, in_session, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., subprocess.Popen[str]]

ROOT = Path(__file__).parent.parent
PROGRAM = """
import sys
from regviewer import supervisor
from regviewer.supervisor import GaveUp, Part, Supervisor
supervisor.SECONDS_TO_STOP = {seconds_to_stop}
layers = [[Part(name, ["/bin/sh", "-c", script]) for name, script in layer.items()] for layer in {layers}]
try:
    Supervisor(layers, lambda text: print(text, flush=True)).run()
except GaveUp as error:
    sys.exit(str(error))
"""
FAMILY = "sleep 600 & sleep 600 & wait"  # a program that has children


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a supervisor over layers of shell scripts, in a session of its own."""
    started = []

    def start(*layers: dict[str, str], seconds_to_stop: float = 8) -> subprocess.Popen[str]:
        program = PROGRAM.format(layers=layers, seconds_to_stop=seconds_to_stop)
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        end_session(process.pid)
        process.communicate()


def test_one_signal_stops_all_the_later_layers_first(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap 'echo {0} >> {1}; exit' TERM; touch {1}.{0}; while :; do sleep 0.05; done"
    supervisor = start({"below": script.format("below", log)}, {"above": script.format("above", log)})
    wait_until(lambda: len(list(tmp_path.glob("log.*"))) == 2)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(timeout=5) == 0
    assert log.read_text().split() == ["above", "below"]
    assert in_session(supervisor.pid) == []


def test_a_program_that_will_not_stop_is_killed(start: Start, tmp_path: Path) -> None:
    script = f"trap '' TERM; touch {tmp_path}/ready; while :; do sleep 0.05; done"
    supervisor = start({"deaf": script}, seconds_to_stop=0.3)
    wait_until((tmp_path / "ready").exists)
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(timeout=5) == 0
    assert in_session(supervisor.pid) == []


def test_a_program_that_dies_is_started_again_without_what_it_left_behind(start: Start, tmp_path: Path) -> None:
    supervisor = start({"mortal": f"echo $$ >> {tmp_path}/pids; {FAMILY}"})
    pids = tmp_path / "pids"
    wait_until(lambda: pids.exists() and len(in_session(supervisor.pid)) == 5)  # supervisor, guard, a family of three
    before = set(in_session(supervisor.pid)) - {supervisor.pid}
    os.kill(int(pids.read_text()), signal.SIGKILL)
    wait_until(lambda: len(pids.read_text().split()) == 2 and len(in_session(supervisor.pid)) == 5)
    assert not before & set(in_session(supervisor.pid))


def test_a_part_whose_guard_is_killed_gets_a_new_one(start: Start) -> None:
    supervisor = start({"guarded": FAMILY})
    wait_until(lambda: len(in_session(supervisor.pid)) == 5)
    before = set(in_session(supervisor.pid)) - {supervisor.pid}
    guard = min(before)  # the first to be started
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: not before & set(in_session(supervisor.pid)) and len(in_session(supervisor.pid)) == 5)


def test_a_program_that_ends_again_and_again_ends_all_with_a_sentence(start: Start) -> None:
    supervisor = start({"steady": FAMILY, "broken": "exit 3"})
    out, err = supervisor.communicate(timeout=30)
    assert supervisor.returncode == 1
    assert "The broken ended with exit code 3; it is started again in 0.5 s." in out
    assert err == (
        "The broken ended 5 times in a row soon after its start, at last with exit code 3: what it said stands above.\n"
    )
    assert in_session(supervisor.pid) == []


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_left_when_the_supervisor_is_killed_at_any_moment(start: Start, seed: int) -> None:
    supervisor = start({"broker": FAMILY}, {"web": FAMILY, "worker": FAMILY, "broken": "exit 3"})
    wait_until(lambda: len(in_session(supervisor.pid)) > 1)  # it begins to start its parts
    time.sleep(random.Random(seed).uniform(0, 0.03))
    supervisor.kill()
    wait_until(lambda: in_session(supervisor.pid) == [])


def test_what_hangs_is_killed_with_its_family_and_started_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "SECONDS_TO_STOP", 0.5)
    said: list[str] = []
    starts = tmp_path / "starts"
    starts.touch()
    hanging = Part("hanging", ["/bin/sh", "-c", f"trap '' TERM; echo $$ >> {starts}; {FAMILY}"])
    supervisor = Supervisor([[hanging, Part("well", ["sleep", "600"])]], said.append)

    def condemn() -> None:
        try:
            wait_until(lambda: len(starts.read_text().split()) == 1)
            supervisor.restart("hanging", "it stands still")
            supervisor.restart("unheard of", "it stands still")
            wait_until(lambda: len(starts.read_text().split()) == 2)
        finally:
            supervisor.stopping = True

    thread = threading.Thread(target=condemn)
    thread.start()
    supervisor.run()
    thread.join()
    assert len(starts.read_text().split()) == 2
    assert said == ["The hanging hangs (it stands still): it is started again."]
