"""One image's name in a registry: what is watched, claimed, polled and written as a whole."""

from __future__ import annotations

import datetime as dt
import random
import uuid
import zlib
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tags import registry
from tags.aliases import draw
from tags.models.coverage import Coverage
from tags.models.recording import Recording
from tags.models.tag import Tag
from tags.versions import Role

if TYPE_CHECKING:
    from tags.models.movement import Movement
    from tags.registry import Listing

# Long enough that a worker which renews it every ten seconds never loses it by a hiccup, short enough that a
# repository whose worker was killed is claimed again within a minute.
LEASE = dt.timedelta(seconds=45)
LONGEST_BACKOFF = 3600  # seconds


class LeaseLost(Exception):
    """Another worker may have taken the repository over: whoever raises this has written nothing."""


def validate_repository_name(name: str) -> None:
    """Raise ValidationError unless `name` is a repository's path, such as library/python."""
    if not registry.is_repository_name(name):
        raise ValidationError(
            _("“%(name)s” is not a repository's name: small letters, digits, . _ - and slashes, as in shop/app."),
            params={"name": name},
        )


def _free(now: dt.datetime) -> Q:
    """The condition that nobody holds a repository's lease."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


class RepositoryQuerySet(models.QuerySet["Repository"]):
    def watched(self) -> RepositoryQuerySet:
        return self.filter(enabled=True, registry__enabled=True)

    def due(self, now: dt.datetime) -> RepositoryQuerySet:
        """The watched repositories whose time has come and that nobody holds."""
        return self.watched().filter(_free(now), next_poll_at__lte=now)

    def leased(self) -> RepositoryQuerySet:
        """Those that somebody holds at this moment."""
        return self.filter(lease_until__gte=timezone.now())

    def claim_due(self, *, limit: int, now: dt.datetime | None = None) -> list[tuple[int, uuid.UUID]]:
        """Lease up to `limit` due repositories, the longest due first; returns (id, lease token) of those won.

        One conditional UPDATE: of two callers at once, each repository goes to one. Being claimed puts a repository
        at the end of the line, so that those whose polls never come to an end don't keep all others waiting.
        """
        now = now or timezone.now()
        lease = uuid.uuid4()
        candidates = list(self.due(now).order_by("next_poll_at").values_list("pk", flat=True)[:limit])
        # What makes a row due is asked again in the UPDATE, for another caller may have claimed it in between.
        Repository.objects.filter(_free(now), pk__in=candidates, next_poll_at__lte=now).update(
            lease_token=lease, lease_until=now + LEASE, next_poll_at=now
        )
        return [(pk, lease) for pk in Repository.objects.filter(lease_token=lease).values_list("pk", flat=True)]

    def look_soon(self) -> int:
        """Make them due now; returns how many there are."""
        return self.update(next_poll_at=timezone.now())

    def pause(self) -> None:
        """Write into the coverage of each that from now on nobody looks, because people said so."""
        for pk in self.filter(coverage__isnull=False).distinct().values_list("pk", flat=True):
            with transaction.atomic():
                repository = Repository.objects.select_for_update(of=("self",)).select_related("registry").get(pk=pk)
                now = timezone.now()
                Coverage.extend(repository, Coverage.PAUSED, now, now)


class Repository(models.Model):
    """A repository, what people want of it, and how its last poll went."""

    class Outcome(models.TextChoices):
        NEVER = "never", _("not polled yet")
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")
        FAILED = "failed", _("failed")

    registry = models.ForeignKey(
        "Registry", on_delete=models.CASCADE, related_name="repositories", verbose_name=_("registry"), db_index=False
    )
    name = models.CharField(
        _("name"),
        max_length=255,
        validators=[validate_repository_name],
        help_text=_("The path without the registry's address, such as library/python."),
    )
    enabled = models.BooleanField(_("enabled"), default=True, help_text=_("Off: it is not polled, its past is kept."))
    interval = models.PositiveIntegerField(
        _("interval"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Seconds from one look to the next; empty: as its registry."),
    )

    next_poll_at = models.DateTimeField(_("next poll"), default=timezone.now)
    lease_token = models.UUIDField(editable=False, null=True)
    lease_until = models.DateTimeField(editable=False, null=True)

    outcome = models.CharField(_("last outcome"), max_length=10, choices=Outcome.choices, default=Outcome.NEVER)
    error = models.TextField(_("last error"), blank=True)
    failures = models.PositiveIntegerField(_("polls without success"), default=0)
    polled_at = models.DateTimeField(_("last poll"), null=True)
    listed_at = models.DateTimeField(
        _("last complete list"), null=True, help_text=_("When the last complete list of tags was asked for.")
    )
    checked_at = models.DateTimeField(
        _("last complete look"),
        null=True,
        help_text=_("All tags were looked at then or later, but for single failures."),
    )

    bulk_cursor = models.TextField(editable=False, blank=True)
    read_whole_at = models.DateTimeField(
        editable=False, null=True, help_text=_("When everything was last read, without the help of a cursor.")
    )

    objects = RepositoryQuerySet.as_manager()

    class Meta:
        verbose_name = _("repository")
        verbose_name_plural = _("repositories")
        ordering = ["registry__address", "name"]
        constraints = [
            models.UniqueConstraint(
                "registry",
                "name",
                name="repository_one_row_per_name",
                violation_error_message=_("This repository is there already."),
            ),
        ]
        indexes = [
            # read by: RepositoryQuerySet.due()
            models.Index("next_poll_at", name="repository_due"),
            # read by: RepositoryQuerySet.claim(), to see what it won
            models.Index("lease_token", name="repository_lease"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"/{self.reference}/"

    @property
    def reference(self) -> str:
        """The full name: registry's address and path."""
        return f"{self.registry.address}/{self.name}"

    @property
    def short_name(self) -> str:
        """The name as people say it: without the registry, and without Docker Hub's library/."""
        return self.name.removeprefix("library/") if self.registry.address == "docker.io" else self.name

    @property
    def every(self) -> int:
        """Seconds from one poll to the next."""
        return self.interval or self.registry.interval

    def picture(self, at: dt.datetime | None = None) -> list[tuple[str, str | None, Role]]:
        """What every tag points to, now or then: (name, digest, role), the digest None when its image is missing."""
        tags = self.tags.shown()
        if at is None:
            rows = tags.present().exclude(state=Tag.State.UNKNOWN).values_list("name", "state", "digest", "role")
            return [
                (name, None if state == Tag.State.MISSING else digest, Role(role)) for name, state, digest, role in rows
            ]
        return [(tag.name, None if tag.missing_then else tag.digest_then, Role(tag.role)) for tag in tags.at(at)]

    def draw(self, at: dt.datetime | None = None) -> str:
        """The picture of which tags are the same image, as text."""
        return draw(self.short_name, self.picture(at))

    def claim(self, now: dt.datetime | None = None) -> uuid.UUID | None:
        """Lease this repository whether it is due or not; None when somebody holds it."""
        now = now or timezone.now()
        lease = uuid.uuid4()
        won = Repository.objects.filter(_free(now), pk=self.pk).update(lease_token=lease, lease_until=now + LEASE)
        return lease if won else None

    def take(self, handed_out: uuid.UUID) -> uuid.UUID | None:
        """Turn the lease that dispatch handed out into one's own; None when it ran out or was taken already."""
        now = timezone.now()
        lease = uuid.uuid4()
        held = Repository.objects.filter(pk=self.pk, lease_token=handed_out, lease_until__gte=now)
        return lease if held.update(lease_token=lease, lease_until=now + LEASE) else None

    def renew(self, lease: uuid.UUID) -> bool:
        """Keep a lease alive; False when it was lost."""
        now = timezone.now()
        held = Repository.objects.filter(pk=self.pk, lease_token=lease, lease_until__gte=now)
        return bool(held.update(lease_until=now + LEASE))

    def record(self, listing: Listing, lease: uuid.UUID) -> list[Movement]:
        """Write down what a poll saw: what is, what moved, and that somebody looked. Returns the movements.

        The only code that writes tags, movements and coverage. Raises LeaseLost, having written nothing, when the
        lease is no longer held: then another worker may be at it.
        """
        now = timezone.now()
        with transaction.atomic():
            current = Repository.objects.select_for_update(of=("self",)).select_related("registry").get(pk=self.pk)
            if current.lease_token != lease or current.lease_until is None or current.lease_until < now:
                raise LeaseLost(f"{self} was taken over by another worker")
            recording = Recording(current, listing, now)
            movements = recording.write()
            current._close_poll(recording, now)
        self.refresh_from_db()
        return movements

    def _close_poll(self, recording: Recording, now: dt.datetime) -> None:
        listing = recording.listing
        Coverage.extend(self, recording.gap_reason, listing.sent_at, now)
        if not (self.enabled and self.registry.enabled):
            Coverage.extend(self, Coverage.PAUSED, now, now)
        self.outcome = recording.outcome
        self.error = recording.error
        self.polled_at = now
        self.failures = self.failures + 1 if listing.error and recording.gap_reason else 0
        if not listing.sent_at < self.next_poll_at <= now:  # else somebody asked for another look during this one
            self.next_poll_at = self._next_poll(now, recording)
        if recording.believed:
            self.listed_at = listing.sent_at
            self.checked_at = recording.looked_at
        self.lease_token = self.lease_until = None
        self.save(
            update_fields=[
                "outcome", "error", "polled_at", "failures", "next_poll_at",
                "listed_at", "checked_at", "lease_token", "lease_until",
            ]
        )  # fmt: skip

    def _next_poll(self, now: dt.datetime, recording: Recording) -> dt.datetime:
        """When to look again: on this repository's own beat, or later the longer it keeps failing."""
        error = recording.listing.error
        retry_after = error.retry_after if error else None
        if recording.doubted:
            return now + dt.timedelta(seconds=self.every)
        if self.failures > 1 or retry_after:
            backoff = min(self.every * 2 ** min(max(self.failures - 1, 0), 10), max(self.every, LONGEST_BACKOFF))
            seconds = max(retry_after or 0, backoff) * random.uniform(1, 1.2)  # noqa: S311 (it spreads, it hides nothing)
            return now + dt.timedelta(seconds=seconds)
        # A hash of the name gives each repository its own place in the interval, so that they don't fall due together.
        phase = zlib.crc32(self.reference.encode()) % self.every
        elapsed = (now.timestamp() - phase) % self.every
        return now + dt.timedelta(seconds=self.every - elapsed)
