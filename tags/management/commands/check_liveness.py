"""`manage.py check_liveness`: what GET /healthz answers, for those who have no web server to ask."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand

from tags.health import OK, check


class Command(BaseCommand):
    help = "Says as JSON whether database and dispatching work; exits 1 when one does not."

    def handle(self, **options: Any) -> None:
        health = check()
        self.stdout.write(json.dumps(health))
        if any(state != OK for state in health.values()):
            sys.exit(1)
