"""The part of the product that polls: beat, the dispatcher, and workers, each poll of which is measured."""

from __future__ import annotations

import json
import signal
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from regviewer import parts
from tests.bench.databases import ROOT
from tests.bench.polls.meter import Spent
from tests.processes import end_session

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

SECONDS_TO_END = 15
TOLD_IN = "BENCH_POLLS_TOLD_IN"  # the variable that names the file in which they tell


class Workers:
    """What their polls took, as far as they have told by now."""

    def __init__(self, told: Path) -> None:
        self._told = told

    def first_polls(self, names: Collection[str], since: float) -> dict[str, Spent]:
        """The first poll since then of each repository; some have none yet, others may have had more."""
        first: dict[str, Spent] = {}
        for line in self._told.read_text().splitlines():
            poll = Spent.from_facts(json.loads(line))
            if poll.repository in names and poll.begin.at >= since:
                first.setdefault(poll.repository, poll)
        return first


@contextmanager
def working(environment: Mapping[str, str], folder: Path, workers: int = 1) -> Iterator[Workers]:
    """Runs them for as long as the context lasts: the same programs as `manage.py up` and the containers start."""
    told = folder / "polls.jsonl"
    told.touch()
    worker = [*parts.worker().command, "--include", "tests.bench.polls.inside", "--hostname"]
    with ExitStack() as stack:
        for name, command in (
            *((f"worker{number}", [*worker, f"bench{number}@%h"]) for number in range(workers)),
            ("dispatcher", parts.dispatcher().command),
            ("beat", parts.beat().command),
        ):
            log = stack.enter_context((folder / f"{name}.log").open("w"))
            stack.enter_context(_running(command, {**environment, **parts.UNWARNED, TOLD_IN: str(told)}, log.fileno()))
        yield Workers(told)


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_END)
        end_session(process.pid)
        process.wait()
