"""The short form of `python -m tests.chaos`: most of what takes less than a minute, once on each database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.services import program

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.real
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_records_are_true_though_everything_fails_now_and_then(database: str) -> None:
    program("redis-server")
    program("initdb")
    command = [sys.executable, "-m", "tests.chaos", "--seconds", "10", "--quick", "--pause", "1.5", "--seed", "11"]
    done = subprocess.run([*command, "--database", database], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert '"findings": []' in done.stdout
