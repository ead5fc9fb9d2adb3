"""What is known of a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping


class ImageQuerySet(models.QuerySet["Image"]):
    def remember(self, media_types: Mapping[str, str]) -> None:
        """Keep digests (with their media types) that were not known; a digest's content never changes."""
        Image.objects.bulk_create(
            # In one order, or two polls that find the same images would wait for each other for ever.
            [Image(digest=digest, media_type=media_type[:255]) for digest, media_type in sorted(media_types.items())],
            batch_size=1000,
            ignore_conflicts=True,
        )


class Image(models.Model):
    """The content behind a digest: the same in every repository and registry, so one row serves them all."""

    digest = models.CharField(_("digest"), max_length=135, primary_key=True)
    media_type = models.CharField(_("media type"), max_length=255, blank=True)
    created = models.DateTimeField(_("created"), null=True)
    size = models.PositiveBigIntegerField(
        _("size"), null=True, help_text=_("Bytes to be pulled, of the largest platform.")
    )
    platforms = models.JSONField(_("platforms"), default=list, help_text=_("Such as linux/amd64."))
    labels = models.JSONField(_("labels"), default=dict)
    content = models.CharField(
        max_length=71, blank=True, editable=False, help_text=_("The same for images whose platforms are the same.")
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

    def __str__(self) -> str:
        return self.digest
