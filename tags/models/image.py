"""What is known of a digest."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tags.registry import Description

BATCH = 1000

# From each attempt to read an image to the next; the last one goes on for as long as the trouble may pass.
WAITS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 10, 60, 6 * 60, 24 * 60))


class ImageQuerySet(models.QuerySet["Image"]):
    def remember(self, media_types: Mapping[str, str]) -> None:
        """Keep digests (with their media types) that were not known; a digest's content never changes."""
        digests = sorted(media_types)  # in one order, or two polls that find the same ones could wait for each other
        for start in range(0, len(digests), BATCH):
            some = digests[start : start + BATCH]
            known = set(Image.objects.filter(digest__in=some).values_list("digest", flat=True))
            new = [Image(digest=digest, media_type=media_types[digest][:255]) for digest in some if digest not in known]
            Image.objects.bulk_create(new, ignore_conflicts=True)

    def due(self, now: dt.datetime) -> ImageQuerySet:
        """Those that were not read yet, and whose time to be has come."""
        return self.filter(describe_at__lte=now)


class Image(models.Model):
    """The content behind a digest: the same in every repository and registry, so one row serves them all."""

    digest = models.CharField(_("digest"), max_length=135, primary_key=True)
    media_type = models.CharField(_("media type"), max_length=255, blank=True)
    created = models.DateTimeField(_("created"), null=True)
    size = models.PositiveBigIntegerField(
        _("size"), null=True, help_text=_("Bytes to be pulled, for linux/amd64 or else the first platform.")
    )
    platforms = models.JSONField(_("platforms"), default=list, help_text=_("Such as linux/amd64."))
    labels = models.JSONField(_("labels"), default=dict)
    content = models.CharField(
        max_length=71, blank=True, editable=False, help_text=_("The same for images whose platforms are the same.")
    )
    describe_at = models.DateTimeField(
        editable=False,
        null=True,
        default=timezone.now,
        help_text=_("When its manifest is to be read; null: it was, or never can be."),
    )
    described_at = models.DateTimeField(_("described"), null=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    first_seen_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    objects = ImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("image")
        verbose_name_plural = _("images")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[a-z0-9]+:[0-9a-f]+$"), name="image_digest_valid"
            ),
        ]
        indexes = [
            # read by: ImageQuerySet.due()
            models.Index("describe_at", condition=Q(describe_at__isnull=False), name="image_due"),
        ]

    def __str__(self) -> str:
        return self.digest

    def claim(self, now: dt.datetime) -> bool:
        """Take the image's next attempt, unless somebody else has; if nothing comes of it, there is another later."""
        wait = WAITS[min(self.attempts, len(WAITS) - 1)]
        mine = Image.objects.filter(pk=self.pk, describe_at=self.describe_at)
        return bool(mine.update(attempts=F("attempts") + 1, describe_at=now + wait))

    def describe(self, description: Description) -> None:
        """Write down what its manifest and config say, once and for all."""
        self.media_type = description.media_type
        self.created = description.created
        self.size = description.size
        self.platforms = list(description.platforms)
        self.labels = dict(description.labels)
        self.content = description.content
        self.described_at = timezone.now()
        self.describe_at = None
        self.save(
            update_fields=[
                "media_type", "created", "size", "platforms", "labels", "content", "described_at", "describe_at",
            ]
        )  # fmt: skip

    def give_up(self) -> None:
        """Another attempt would end like the last one: when there were as many as there are waits, it was the last."""
        Image.objects.filter(pk=self.pk, attempts__gte=len(WAITS)).update(describe_at=None)
