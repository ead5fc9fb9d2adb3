"""When each slice of a repository's versions was last looked at: the slow one of the two speeds."""

from __future__ import annotations

import datetime as dt
import math
import zlib
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Sequence

SLICES = 256
HOUR = 3600
LAP = 20 * HOUR  # from one turn of a slice to its next
LATEST = 23 * HOUR  # older than this no look may become: within a day every version is looked at
REST = 2 * HOUR  # a turn that comes sooner after a look at everything is passed over


def slice_of(tag: str) -> int:
    return zlib.crc32(tag.encode()) % SLICES


class Sweep(models.Model):
    """One row for all slices of a repository, so that a poll writes as little for a million tags as for ten."""

    repository = models.OneToOneField("Repository", on_delete=models.CASCADE, primary_key=True, related_name="sweep")
    looks = models.JSONField(default=list, editable=False)  # epoch seconds of each slice's last look, null: never

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")

    def __str__(self) -> str:
        return f"sweep of {self.repository}"


def due_slices(looks: Sequence[int | None], now: dt.datetime, every: int, *, cautious: bool) -> set[int]:
    """The slices to be looked at in a poll at `now`, when one comes `every` so many seconds.

    Each slice has turns of its own, one in a lap, so that what was looked at at once is not all due at once. What was
    left undone is made good at twice the pace; being `cautious` puts off all but what would become too old.
    """
    at = now.timestamp()
    # A look that lies in the future was dated by a clock that was wrong.
    overdue = {n for n, look in enumerate(looks) if look is None or not -every <= at - look <= LATEST - every}
    if cautious:
        return overdue
    waiting = [(look, n) for n, look in enumerate(looks) if look is not None and look < _last_turn(n, at)]
    waiting = sorted((look, n) for look, n in waiting if at - look >= REST and n not in overdue)
    pace = math.ceil(2 * SLICES * every / LAP)
    return overdue.union(n for _look, n in waiting[:pace])


def _last_turn(number: int, at: float) -> float:
    return at - (at - number * LAP / SLICES) % LAP
