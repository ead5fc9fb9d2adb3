"""What a registry said of how much it may be asked: 429, and how many requests are left."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tags.models import databaseclock
from tags.registry import CAUTION

if TYPE_CHECKING:
    from tags.registry import Listing

LONGEST_WINDOW = dt.timedelta(hours=6)  # Docker Hub's: what was left before it began says nothing any more
HEARD = (
    "throttled_until",
    "cautious_until",
    "quota_limit",
    "quota_remaining",
    "quota_window",
    "quota_seen_at",
)
LARGEST = 2**31 - 1  # that the database can hold


class Throttled(models.Model):
    """Written by pollers with each listing; what they must know faster they tell one another (`tags.sharing`)."""

    throttled_until = models.DateTimeField(
        editable=False, null=True, help_text=_("It had too many requests: nothing is sent before.")
    )
    cautious_until = models.DateTimeField(
        editable=False, null=True, help_text=_("It had too many requests: one at a time until then.")
    )
    quota_limit = models.PositiveIntegerField(editable=False, null=True)
    quota_remaining = models.PositiveIntegerField(editable=False, null=True)
    quota_window = models.PositiveIntegerField(
        editable=False, null=True, help_text=_("Seconds in which so many requests may be sent; null: it did not say.")
    )
    quota_seen_at = models.DateTimeField(editable=False, null=True)

    class Meta:
        abstract = True

    @staticmethod
    def note_limits(this: models.QuerySet[Any], listing: Listing) -> None:
        """Note in its row how long nothing may be sent to it, and how many requests it says are left."""
        now = databaseclock.now()
        if listing.silent_for:
            until = now + dt.timedelta(seconds=listing.silent_for)
            # Another worker may have been told to wait longer.
            this.filter(Q(throttled_until=None) | Q(throttled_until__lt=until)).update(
                throttled_until=until, cautious_until=until + dt.timedelta(seconds=CAUTION)
            )
        if quota := listing.quota:
            this.update(
                quota_limit=min(quota.limit, LARGEST),
                quota_remaining=min(quota.remaining, LARGEST),
                quota_window=quota.window and min(quota.window, LARGEST),
                quota_seen_at=now,
            )

    def silence(self, now: dt.datetime) -> dt.timedelta:
        """The time in which nothing may be sent to it."""
        return max(self.throttled_until - now, dt.timedelta()) if self.throttled_until else dt.timedelta()

    def caution(self, now: dt.datetime) -> dt.timedelta:
        """The time, after the silence, in which it is sent one request at a time."""
        left = self.cautious_until - now if self.cautious_until else dt.timedelta()
        return max(left - self.silence(now), dt.timedelta())

    def is_cautious(self, now: dt.datetime) -> bool:
        """Whether what can wait should: it had too many requests not long ago, or says that few are left."""
        return bool(self.caution(now)) or self.is_running_out(now)

    def is_running_out(self, now: dt.datetime) -> bool:
        """Whether it said, so lately that it still counts, that less than a tenth of its requests is left."""
        if self.quota_limit is None or self.quota_remaining is None or self.quota_seen_at is None:
            return False
        return now - self.quota_seen_at < LONGEST_WINDOW and self.quota_remaining * 10 < self.quota_limit

    @property
    def quota(self) -> str:
        """In words: "87 of 100 requests left in 6 hours"; empty when it never said."""
        if self.quota_limit is None or self.quota_remaining is None:
            return ""
        facts = {"left": self.quota_remaining, "limit": self.quota_limit}
        if not self.quota_window:
            return (
                ngettext("%(left)d of %(limit)d request left", "%(left)d of %(limit)d requests left", self.quota_limit)
                % facts
            )
        words = ngettext(
            "%(left)d of %(limit)d request left %(within)s",
            "%(left)d of %(limit)d requests left %(within)s",
            self.quota_limit,
        )
        return words % {**facts, "within": _within(self.quota_window)}


def _within(seconds: int) -> str:
    if seconds % 3600 == 0:
        return ngettext("in %d hour", "in %d hours", seconds // 3600) % (seconds // 3600)
    if seconds % 60 == 0:
        return ngettext("in %d minute", "in %d minutes", seconds // 60) % (seconds // 60)
    return ngettext("in %d second", "in %d seconds", seconds) % seconds
