"""A registry that fails as a whole: its polls wait, and one of them tries now and then whether it is back."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from tags.models import databaseclock
from tags.registry import Busy, Cancelled, Misconfigured, OutOfTime, RateLimited, ServerError, TimedOut, Unreachable

if TYPE_CHECKING:
    from tags.registry import Listing

FIRST_PAUSE = 10.0  # seconds, after the second failure in a row
LONGEST_PAUSE = 120.0

COUNTED = ("failures", "retry_at")
FAILED = (TimedOut, Unreachable, ServerError)
SAYS_NOTHING = (Busy, Cancelled, Misconfigured, OutOfTime, RateLimited)


class Troubled(models.Model):
    """Written by pollers, with each listing that failed and with the first that did not."""

    failures = models.PositiveIntegerField(
        editable=False, default=0, help_text=_("Polls in a row that got nothing out of it, whatever the repository.")
    )
    retry_at = models.DateTimeField(
        editable=False, null=True, help_text=_("It failed time after time: nobody asks it before.")
    )

    class Meta:
        abstract = True

    def note_trouble(self, this: models.QuerySet[Any], listing: Listing) -> None:
        """Count a failure, and wait the longer the more there were; or end the count: it answers."""
        if not listing.complete and not listing.tags and isinstance(listing.error, FAILED):
            this.update(failures=F("failures") + 1)
            self.failures = this.values_list("failures", flat=True).first() or 0
            if self.failures > 1:
                pause = min(FIRST_PAUSE * 2.0 ** min(self.failures - 2, 10), LONGEST_PAUSE) * random.uniform(1, 1.2)  # noqa: S311 (it spreads, it hides nothing)
                this.update(retry_at=databaseclock.now() + dt.timedelta(seconds=pause))
        elif not isinstance(listing.error, SAYS_NOTHING):
            this.filter(failures__gt=0).update(failures=0, retry_at=None)
            self.failures = 0

    @property
    def is_failing(self) -> bool:
        """Whether it is the registry that fails, and not one of its repositories alone."""
        return self.failures > 1
