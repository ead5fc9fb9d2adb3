"""Runs a command with a fresh PostgreSQL for the tests: `python -m tests.on_postgresql pytest -n auto`.

As a plugin (`-p tests.on_postgresql`) it leaves out what uses no database, for which it makes no difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.services import postgres

if TYPE_CHECKING:
    import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without = [item for item in items if not uses_database(item)]
    config.hook.pytest_deselected(items=without)
    items[:] = filter(uses_database, items)


def uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or "db" in fixtures or "transactional_db" in fixtures


if __name__ == "__main__":
    with postgres() as url:
        sys.exit(subprocess.call(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}))
