"""The processes that are measured, or that prepare what is: each tells in JSON what came out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from tests.bench.databases import ROOT
from tests.bench.polls.meter import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS_AT_MOST = 1800


class NotMeasured(Exception):
    """Something did not go as it should have, so that its time says nothing; the message says what."""


def answer_of(module: str, *arguments: object, environment: Mapping[str, str]) -> Any:
    """What a module of this folder says when it has done what it was told. Raises NotMeasured."""
    command = [sys.executable, "-m", f"tests.bench.polls.{module}", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_AT_MOST, check=False
    )
    if done.returncode != 0:
        raise NotMeasured(f"{module}: {done.stderr.strip().rpartition(chr(10))[2] or done.returncode}")
    return json.loads(done.stdout)


def limit(address: str, paths: Sequence[str], processes: int, connections: int) -> Cost:
    """HEADs of these paths by so many processes at once, each with its part of the paths and of the connections."""
    command = [sys.executable, "-m", "tests.bench.polls.limit"]
    children = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    try:
        for number, child in enumerate(children):
            urls = [f"http://{address}{path}" for path in paths[number::processes]]
            _tell(child, json.dumps({"urls": urls, "connections": connections // processes}))
        if any(child.stdout is None or child.stdout.readline() != "ready\n" for child in children):
            raise NotMeasured("the limit cannot be measured")
        for child in children:
            _tell(child, "go")
        spent = [json.loads(child.communicate(timeout=SECONDS_AT_MOST)[0] or "{}") for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    if sum(some.get("requests", 0) for some in spent) != len(paths):
        raise NotMeasured("the registry does not answer as it should")
    return Cost(
        seconds=max(some["end"] for some in spent) - min(some["begin"] for some in spent),
        cpu=sum(some["cpu"] for some in spent),
        requests=len(paths),
        memory=max(some["memory"] for some in spent),
    )


def _tell(child: subprocess.Popen[str], line: str) -> None:
    assert child.stdin
    child.stdin.write(line + "\n")
    child.stdin.flush()
