"""What deleted movements told of an image that is still spoken of: what it was called, and how often made anew."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tags.timeline import Rebuild

if TYPE_CHECKING:
    from collections.abc import Collection


class RememberedQuerySet(models.QuerySet["Remembered"]):
    def rebuilds(self, repositories: Collection[int]) -> defaultdict[int, dict[str, Rebuild]]:
        """Which content of its version a digest was known to be: repository id -> digest -> rebuild; one query."""
        found: defaultdict[int, dict[str, Rebuild]] = defaultdict(dict)
        rows = self.filter(repository__in=repositories, rebuilt__isnull=False)
        for repository, digest, version, times in rows.values_list("repository", "digest", "version", "rebuilt"):
            found[repository][digest] = Rebuild(version, times or 0)
        return found


class Remembered(models.Model):
    """An image in a repository; `tags.retention` writes it, as polls write under the repository's lock."""

    repository = models.ForeignKey("Repository", on_delete=models.CASCADE, related_name="remembered", db_index=False)
    digest = models.CharField(max_length=135)
    # What it was last called, and when, and by which movement: of two at the same time the later one counts.
    name = models.CharField(max_length=300, null=True)
    before = models.DateTimeField(null=True)
    movement = models.BigIntegerField(null=True)
    # Of which rebuilt version it is a content, and which one; 0 is the first.
    version = models.CharField(max_length=128, blank=True)
    rebuilt = models.PositiveIntegerField(null=True)

    objects = RememberedQuerySet.as_manager()

    class Meta:
        verbose_name = _("remembered image")
        verbose_name_plural = _("remembered images")
        constraints = [
            # read by: MovementQuerySet.last_names(), and the lanes of a timeline
            models.UniqueConstraint("repository", "digest", name="remembered_one_row_per_image"),
            models.CheckConstraint(
                condition=Q(name__isnull=True, before__isnull=True, movement__isnull=True)
                | Q(name__isnull=False, before__isnull=False, movement__isnull=False),
                name="remembered_name_has_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.digest} in {self.repository}"
