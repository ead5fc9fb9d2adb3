"""A sign of life that outlives the process which gave it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from tags.models import databaseclock


class Heartbeat(models.Model):
    """When a part of the product was last seen at work; one row a part."""

    DISPATCH = "dispatch"
    WORKERS = "workers"
    PRUNING = "pruning"
    # A dispatch runs every few seconds; two minutes without one are more than a busy worker or a restart.
    LATE = dt.timedelta(minutes=2)
    SILENT = dt.timedelta(seconds=30)  # nothing is polled at once: three times as long as from one count to the next

    USUAL = 4  # processes of one worker

    part = models.CharField(_("part"), max_length=30, primary_key=True)
    beat_at = models.DateTimeField(_("last seen"))
    processes = models.PositiveIntegerField(_("processes"), default=1, help_text=_("How many work at the same time."))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return f"{self.part} at {self.beat_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, part: str, processes: int = 1) -> None:
        cls.objects.update_or_create(part=part, defaults={"beat_at": databaseclock.now(), "processes": processes})

    @classmethod
    def last(cls) -> dt.datetime | None:
        """When it was last seen that polls are handed out and that there is a worker to take them; None: never.

        That workers were not counted yet tells nothing: it is done less often.
        """
        beats = dict(cls.objects.values_list("part", "beat_at"))
        dispatched = beats.get(cls.DISPATCH)
        return min(dispatched, beats.get(cls.WORKERS, dispatched)) if dispatched else None

    @classmethod
    def processes_of(cls, part: str) -> int:
        """How many there were when the part was last seen; USUAL, when it never was."""
        return cls.objects.filter(part=part).values_list("processes", flat=True).first() or cls.USUAL

    @classmethod
    def is_late(cls, last: dt.datetime | None, now: dt.datetime | None = None) -> bool:
        return last is None or (now or databaseclock.now()) - last > cls.LATE

    @classmethod
    def is_silent(cls) -> bool:
        """Whether what people want polled at once has to wait until somebody is there to do it."""
        last = cls.last()
        return last is None or databaseclock.now() - last > cls.SILENT
