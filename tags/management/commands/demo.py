"""`manage.py demo`: `up` with a built-in registry whose tags move, to try the product with no registry at hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from tags.demo import DemoRegistry, story
from tags.management.commands import up
from tags.registry import Reference
from tags.watching import Access, watch

SECONDS_BETWEEN_MOVES = 60
SECONDS_BETWEEN_LOOKS = 10
DATABASE = Path(settings.BASE_DIR) / "demo.sqlite3"

# The demo keeps to itself: neither its records nor its tasks mix with real ones.
ENVIRONMENT = {"DATABASE_URL": f"sqlite:///{DATABASE}", "REDIS_URL": "", "PUBLIC_READ": "on"}


class Command(up.Command):
    help = "Runs everything as `up` does, with a small registry whose deployment tags move every minute."

    def handle(self, *, port: int, **options: Any) -> None:
        if any(os.environ.get(name) != value for name, value in ENVIRONMENT.items()):
            # The settings were read from another environment: begin again in this one.
            os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})  # noqa: S606
        self.registry = DemoRegistry()
        self.registry.play(story(), SECONDS_BETWEEN_MOVES)
        with self.registry:
            super().handle(port=port, **options)

    def prepare(self) -> None:
        # Each demo has a registry, and so a past, of its own.
        for suffix in ("", "-wal", "-shm"):
            Path(f"{DATABASE}{suffix}").unlink(missing_ok=True)
        super().prepare()
        watch(Reference.parse(self.registry.reference), Access(plain_http=True), SECONDS_BETWEEN_LOOKS)

    def announce(self, port: int, *, embedded: bool) -> None:
        super().announce(port, embedded=embedded)
        self.say(f"  demo:     watching {self.registry.reference}, whose tags move every minute")
