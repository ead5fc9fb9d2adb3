"""`manage.py` as people meet it when something is in its way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "regviewer.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_missing_setting_is_a_sentence() -> None:
    done = manage("movements", SECRETS_KEYS="")
    assert done.returncode == 1
    assert done.stderr.startswith("SECRETS_KEYS is not set")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("days", ["7", "-1", "abc"])
def test_too_few_days_to_keep_are_a_sentence(days: str) -> None:
    done = manage("prune", KEEP_MOVEMENTS_DAYS=days)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [f"KEEP_MOVEMENTS_DAYS is {days}: write 0 to keep all, or at least 8 days."]


def test_a_database_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    done = manage("movements", DATABASE_URL=f"sqlite:///{tmp_path / 'missing' / 'x.sqlite3'}")
    assert done.returncode == 1
    assert "cannot be used: it cannot be opened or made" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "manage.py", "help"], cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
