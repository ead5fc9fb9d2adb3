"""`manage.py prune`: what is too old is deleted now, and not when its time comes."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tags.models import databaseclock
from tags.retention import cut, prune


class Command(BaseCommand):
    help = "Deletes movements, coverage and images of before the days that KEEP_MOVEMENTS_DAYS tells to keep."

    def handle(self, **_: Any) -> None:
        end = cut(databaseclock.now())
        if end is None:
            raise CommandError("KEEP_MOVEMENTS_DAYS is not set: everything is kept.")
        pruned = prune()
        self.stdout.write(
            f"{pruned.movements} movements and {pruned.images} images were deleted; what was before "
            f"{end:%Y-%m-%d} UTC is not kept any longer."
        )
