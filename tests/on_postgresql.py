"""Runs a command with a fresh PostgreSQL for the tests: `python -m tests.on_postgresql pytest -n auto`."""

import os
import subprocess
import sys

from tests.services import postgres

if __name__ == "__main__":
    with postgres() as url:
        sys.exit(subprocess.call(sys.argv[1:], env={**os.environ, "TEST_DATABASE_URL": url}))
