"""A key with which scripts, feed readers and badges read what people read after signing in."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    import datetime as dt

PREFIX = "rv_"  # so that who finds one knows what it is


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def valid(self, now: dt.datetime) -> AccessTokenQuerySet:
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))

    def of(self, key: str) -> AccessToken | None:
        """The token that this key is of, if it may still be used."""
        return self.valid(timezone.now()).filter(key_hash=_hash(key)).first()


class AccessToken(models.Model):
    """Only a hash of the key is kept: it is shown once, when it is made."""

    name = models.CharField(_("name"), max_length=100, unique=True, help_text=_("What it is for, or whose it is."))
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True, help_text=_("Empty: never."))
    last_used_on = models.DateField(_("last used on"), null=True, editable=False)

    objects = AccessTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def make_key(self) -> str:
        """A new key, whose hash replaces that of the old one; save it."""
        key = PREFIX + secrets.token_urlsafe(32)
        self.key_hash = _hash(key)
        return key

    def note_use(self, today: dt.date) -> None:
        """One write a day, however often it is used."""
        if self.last_used_on != today:
            AccessToken.objects.filter(pk=self.pk).update(last_used_on=today)
            self.last_used_on = today


def _hash(key: str) -> str:
    # The key is as random as a hash is long: a slow hash would protect nothing and cost each request.
    return hashlib.sha256(key.encode()).hexdigest()
