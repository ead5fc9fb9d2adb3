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


def limit(address: str, paths: Sequence[str], connections: int) -> Cost:
    """HEADs of these paths over one session. Raises NotMeasured."""
    command = [sys.executable, "-m", "tests.bench.polls.limit"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        try:
            urls = [f"http://{address}{path}" for path in paths]
            child.stdin.write(json.dumps({"urls": urls, "connections": connections}) + "\n")
            child.stdin.flush()
            if child.stdout.readline() != "ready\n":
                raise NotMeasured("the limit cannot be measured")
            spent = json.loads(child.communicate("go\n", timeout=SECONDS_AT_MOST)[0] or "{}")
        finally:
            child.kill()
    if spent.get("requests") != len(paths):
        raise NotMeasured("the registry does not answer as it should")
    return Cost(seconds=spent["end"] - spent["begin"], cpu=spent["cpu"], requests=len(paths), memory=spent["memory"])
