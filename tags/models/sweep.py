"""When each slice of a repository's versions was last looked at: the slow one of the two speeds."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

SLICES = 256


class Sweep(models.Model):
    """One row for all slices of a repository, so that a poll writes as little for a million tags as for ten."""

    repository = models.OneToOneField("Repository", on_delete=models.CASCADE, primary_key=True, related_name="sweep")
    looks = models.JSONField(default=list, editable=False)  # epoch seconds of each slice's last look, null: never

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")

    def __str__(self) -> str:
        return f"sweep of {self.repository}"
