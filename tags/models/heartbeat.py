"""A sign of life that outlives the process which gave it."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a part of the product was last seen at work; one row a part."""

    DISPATCH = "dispatch"
    # A dispatch runs every few seconds; two minutes without one are more than a busy worker or a restart.
    LATE = dt.timedelta(minutes=2)

    part = models.CharField(_("part"), max_length=30, primary_key=True)
    beat_at = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return f"{self.part} at {self.beat_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def beat(cls, part: str) -> None:
        cls.objects.update_or_create(part=part, defaults={"beat_at": timezone.now()})

    @classmethod
    def last(cls, part: str) -> dt.datetime | None:
        """When the part last gave a sign; None when it never did."""
        return cls.objects.filter(part=part).values_list("beat_at", flat=True).first()

    @classmethod
    def is_late(cls, part: str) -> bool:
        last = cls.last(part)
        return last is None or timezone.now() - last > cls.LATE
