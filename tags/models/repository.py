"""One image's name in a registry: what is watched, claimed, polled and written as a whole."""

from __future__ import annotations

import datetime as dt
import heapq
import random
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from tags import registry
from tags.aliases import draw
from tags.models import databaseclock
from tags.models.coverage import Coverage
from tags.models.inventory import Inventory
from tags.models.looks import Looks
from tags.models.queued import LEASE, QUEUED, LeaseLost, Queued, QueuedQuerySet
from tags.models.recording import Clearance, Recording
from tags.models.sweep import SLICES, Sweep, due_slices
from tags.models.tag import Tag
from tags.models.turn import turn
from tags.versions import Role, sort_key

if TYPE_CHECKING:
    import uuid
    from collections.abc import Collection, Iterable, Iterator, Set

    from tags.models.ending import Ending
    from tags.models.movement import Movement
    from tags.registry import Listing, Span

REPORTED = ("outcome", "error", "reason", "polled_at", "failures")
LONGEST_BACKOFF = 3600  # seconds
# What a cursor spares us is read nevertheless once a day, by each repository at another hour.
CURSORS_ARE_TRUSTED_FOR = 20 * 3600  # seconds, at least
CURSORS_ARE_TRUSTED_LONGER = 3 * 3600  # seconds, at most
# Polls in a row that ended together with their worker: then it is rather the repository that kills it.
MOST_ATTEMPTS = 5
ASIDE = dt.timedelta(hours=1)
SET_BACK = dt.timedelta(minutes=1)  # by less a clock may be corrected at any time, and nobody waits for long
LATEST = 20_000  # versions that came last, of which the newest are sought
NEWEST = 20  # versions, of which one was most likely rebuilt when a pointer moves to content without a name


def validate_repository_name(name: str) -> None:
    """Raise ValidationError unless `name` is a repository's path, such as library/python."""
    if not registry.is_repository_name(name):
        raise ValidationError(
            _("“%(name)s” is not a repository's name: small letters, digits, . _ - and slashes, as in shop/app."),
            params={"name": name},
        )


class RepositoryQuerySet(QueuedQuerySet["Repository"]):
    def containing(self, text: str) -> RepositoryQuerySet:
        """Those that have the text somewhere in their references, registry included, or whose registry is named so."""
        reference = Concat("registry__address", Value("/"), "name")
        return self.alias(full=reference).filter(Q(full__icontains=text) | Q(registry__name__icontains=text))

    def ending(self, text: str) -> RepositoryQuerySet:
        """Those whose references end with just these parts: `app` is registry.example.com/shop/app, not shop/my-app."""
        reference = Concat(Value("/"), "registry__address", Value("/"), "name")
        return self.alias(full=reference).filter(full__iendswith=f"/{text}")

    def set_aside(self, now: dt.datetime | None = None) -> int:
        """Leave alone for an hour what is due and whose polls keep ending with their worker; returns how many.

        After the hour there is one more attempt.
        """
        now = now or databaseclock.now()
        hopeless = self.due(now).filter(attempts__gte=MOST_ATTEMPTS)
        count = 0
        for pk in hopeless.values_list("pk", flat=True):
            with transaction.atomic():
                mine = Repository.objects.select_for_update(of=("self",), skip_locked=True).select_related("registry")
                if repository := mine.filter(pk__in=hopeless).filter(pk=pk).first():  # else somebody else was quicker
                    repository._leave_alone(now)
                    count += 1
        return count

    def set_right(self, now: dt.datetime | None = None) -> int:
        """Make due what was put off by the database's clock, which was ahead and has been set back; how many there are.

        Else nobody would look at them, or lease them, before the time that it was.
        """
        now = now or databaseclock.now()
        ahead = now + SET_BACK
        put_off = Q(polled_at__gt=ahead, next_poll_at__gt=ahead) | Q(lease_until__gt=ahead + LEASE)
        return self.filter(put_off).update(next_poll_at=now, lease_token=None, lease_until=None, taken_at=None)

    def pause(self) -> None:
        """Write into the coverage of each that from now on nobody looks, because people said so."""
        for pk in self.filter(coverage__isnull=False).distinct().values_list("pk", flat=True):
            with transaction.atomic():
                repository = Repository.objects.select_for_update(of=("self",)).select_related("registry").get(pk=pk)
                now = databaseclock.now()
                Coverage.extend(repository, Coverage.PAUSED, now, now)


class Repository(Queued):
    """A repository, what people want of it, and how its last poll went."""

    class Outcome(models.TextChoices):
        NEVER = "never", _("not polled yet")
        COMPLETE = "complete", _("complete")
        PARTIAL = "partial", _("partial")
        FAILED = "failed", _("failed")

    KILLS = gettext_noop("its polls end together with their worker")
    IS_LONG = gettext_noop("its list of tags is long and still being read")

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

    outcome = models.CharField(_("last outcome"), max_length=10, choices=Outcome.choices, default=Outcome.NEVER)
    error = models.TextField(_("last error"), blank=True)
    # As coverage keeps it: short, and translated when it is shown. The error tells more, in English.
    reason = models.TextField(editable=False, blank=True)
    failures = models.PositiveIntegerField(_("polls without success"), default=0)
    polled_at = models.DateTimeField(_("last poll"), null=True)
    listed_at = models.DateTimeField(
        _("last complete list"), null=True, help_text=_("When the last complete list of tags was asked for.")
    )
    checked_at = models.DateTimeField(
        _("last complete look"),
        null=True,
        help_text=_("All tags but those of the sweep were looked at then or later, but for single failures."),
    )

    refused_names = models.PositiveIntegerField(
        _("names that are none"),
        default=0,
        help_text=_("In its last list: no tag can be called so; they are left out."),
    )
    refused_example = models.TextField(_("one of them"), blank=True)
    fingerprint = models.CharField(
        editable=False, max_length=64, blank=True, help_text=_("Of the names that are there; empty: it is not known.")
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
            # read by: RepositoryQuerySet.leased(), for each poll that is taken and each handful that is handed out
            models.Index("lease_until", name="repository_leased", condition=Q(lease_until__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"/{self.reference}/"

    @property
    def was_listed(self) -> bool:
        """Whether all its tags were ever seen: else nobody knows which there are not."""
        return self.listed_at is not None or self.checked_at is not None

    @property
    def movements_url(self) -> str:
        return f"/movements/{self.reference}/"

    @property
    def matrix_url(self) -> str:
        return f"/matrix/{self.reference}/"

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
        there = tags.at(at).exclude(digest_then=None, missing_then=False)  # without what may have been coming only
        return [(tag.name, None if tag.missing_then else tag.digest_then, Role(tag.role)) for tag in there]

    def draw(self, at: dt.datetime | None = None) -> str:
        """The picture of which tags are the same image, as text."""
        return draw(self.short_name, self.picture(at))

    @property
    def looks(self) -> Looks:
        """When its tags were last looked at; reads the sweep unless it is at hand."""
        sweep = getattr(self, "sweep", None)
        return Looks(self.checked_at, tuple(sweep.looks)) if sweep and sweep.looks else Looks(self.checked_at)

    def slices_due(self, now: dt.datetime) -> set[int]:
        """The slices of the sweep that a scheduled poll at `now` looks at."""
        return due_slices(self.looks.slices, now, self.every, cautious=self.registry.is_cautious(now))

    def turn(self, listed: Set[str], span: Span, slices: Set[int]) -> set[str]:
        """Which tags a scheduled poll looks at after some were listed in a span: see `turn`."""
        if self.outcome == self.Outcome.NEVER and len(slices) == SLICES:
            return set(listed)
        inventory = None if span.is_all else Inventory.objects.filter(repository=self).first()
        known = inventory.fingerprint_of(span) if inventory else self.fingerprint
        return turn(self.tags.within(span), self.looks, slices, listed, known)

    def look_soon_at(self, tags: Collection[str]) -> None:
        """Have the next poll look at these tags too, whether it is their turn or not: somebody says that they moved."""
        with transaction.atomic():
            Repository.objects.select_for_update(of=("self",)).get(pk=self.pk)  # keeps polls from writing tags
            self.tags.filter(name__in=tags, swept=True).update(wanted_at=databaseclock.now())

    def cursor_at(self, now: dt.datetime) -> str:
        """The cursor for a listing at `now`; empty when everything is to be read again, as it is once a day."""
        extra = zlib.crc32(self.reference.encode()) % CURSORS_ARE_TRUSTED_LONGER
        trusted = dt.timedelta(seconds=CURSORS_ARE_TRUSTED_FOR + extra)
        is_fresh = self.read_whole_at is not None and self.read_whole_at <= now < self.read_whole_at + trusted
        return self.bulk_cursor if is_fresh else ""

    def digests(self) -> dict[str, str | None]:
        """What its tags point to, of all that are there; None for those without an image, or not looked at yet."""
        rows = self.tags.present().values_list("name", "state", "digest")
        return {name: digest if state == Tag.State.PRESENT else None for name, state, digest in rows.iterator()}

    def record(
        self,
        listing: Listing,
        lease: uuid.UUID,
        cursor: str = "",
        begun: dt.datetime | None = None,
        slices: Iterable[int] = (),
    ) -> list[Movement]:
        """Write down what a poll saw: what is, what moved, and that somebody looked. Returns the movements.

        `cursor` is the one that the listing was given; without one everything was read. The poll had `begun` before
        its first request, or then: whoever asked for another since gets it. It was to look at these `slices` of the
        sweep. After a part of a list the lease is kept, and nothing said of the whole: see `finish()`. All times are
        told by the database's clock.
        All that polls write of tags, movements and coverage is written here; who else writes any of it locks the
        repository as this does. Raises LeaseLost, having written nothing, when the lease is no longer held: then
        another worker may be at it. Raises AskAgain, having written nothing, when the registry has to be asked again
        for some of the tags.
        """
        ahead = databaseclock.ahead()
        now = timezone.now() + ahead
        listing = listing.shifted(ahead).seen_by(now, begun or now)
        with self._held(lease, now) as current:
            inventory = getattr(current, "inventory", None)
            is_part = listing.complete and not listing.span.is_all
            if is_part and inventory is None:
                inventory = Inventory(repository=current)
            if inventory and is_part and listing.span.after != inventory.after:
                self._adopt(current)
                return []  # it was written down, and nobody heard of it
            recording = Recording(current, listing, now, inventory if is_part else None)
            movements = recording.write()
            if inventory and is_part:
                inventory.add(recording, slices)
                current._note_first_part(inventory, now)
            else:
                current._close_poll(recording.ending, now, cursor, begun or listing.sent_at)
                if inventory:
                    inventory.note_end(recording)
            if inventory:
                inventory.save()
            current._seek_names(recording, now)
        self._adopt(current)
        return movements

    def finish(self, lease: uuid.UUID, begun: dt.datetime) -> tuple[list[Movement], bool]:
        """Go on when a list that came in parts was read to its end: the movements, and whether that is all.

        What the list left out is removed, so many tags in one transaction; then the poll is closed. Raises LeaseLost.
        """
        now = databaseclock.now()
        with self._held(lease, now) as current:
            inventory = current.inventory
            left_out = inventory.left_out(now)
            if not inventory.is_doubted and left_out.exists():
                return Clearance(current, left_out, now).write(), False
            current._close_poll(inventory.ending(current.looks), now, "", begun)
            inventory.begin()
            inventory.save()
        self._adopt(current)
        return [], True

    def _adopt(self, written: Repository) -> None:
        """Know what was just written, of its registry, sweep and inventory too, as if it had been read again."""
        vars(self).update(vars(written))

    @contextmanager
    def _held(self, lease: uuid.UUID, now: dt.datetime) -> Iterator[Repository]:
        """A transaction in which nobody else writes what polls write. Raises LeaseLost."""
        with transaction.atomic():
            mine = Repository.objects.select_for_update(of=("self",)).select_related("registry", "sweep", "inventory")
            current = mine.get(pk=self.pk)
            if not current.holds(lease, now) or current.registry.origins != self.registry.origins:
                raise LeaseLost(f"the lease of {self} was lost, or its registry was given another address")
            yield current
            if current.lease_token == lease:  # there is more to do, and to write this may have taken long
                current.lease_until = databaseclock.now() + LEASE
                current.save(update_fields=["lease_until"])

    def _close_poll(self, ending: Ending, now: dt.datetime, cursor: str, begun: dt.datetime) -> None:
        Coverage.extend(self, ending.gap_reason, ending.sent_at, now)
        if not (self.enabled and self.registry.enabled):
            Coverage.extend(self, Coverage.PAUSED, now, now)
        self.outcome = ending.outcome
        self.error = ending.error
        self.reason = ending.reason
        self.polled_at = now
        self.failures = self.failures + 1 if ending.has_failed else 0
        is_wanted_again = begun < self.next_poll_at <= now  # somebody asked for another look during this one
        self.let_go(self.next_poll_at if is_wanted_again else self._next_poll(now, ending))
        if ending.proves_absence and ending.lists_all:
            self.listed_at = ending.sent_at
        self.fingerprint = ending.fingerprint
        if ending.is_believed:
            self.refused_names, self.refused_example = ending.refused_names, ending.refused_example
        if ending.is_believed and not cursor:
            self.read_whole_at = ending.sent_at
        if self.outcome != self.Outcome.FAILED:  # which told nothing: what it was to go on from still holds
            self.bulk_cursor = ending.cursor if self.outcome == self.Outcome.COMPLETE else ""
        self._keep_looks(ending.looks)
        learnt = (
            "listed_at",
            "refused_names",
            "refused_example",
            "fingerprint",
            "checked_at",
            "bulk_cursor",
            "read_whole_at",
        )
        self.save(update_fields=[*REPORTED, *QUEUED, *learnt])

    def _note_first_part(self, inventory: Inventory, now: dt.datetime) -> None:
        """Say how far the first list was read: until its end there is nothing to show for it."""
        if not self.was_listed:
            self.outcome, self.reason, self.polled_at = self.Outcome.PARTIAL, self.IS_LONG, now
            self.error = f"the list is long: {inventory.total.listed} tags were read so far"
            self.save(update_fields=[*REPORTED])

    def _leave_alone(self, now: dt.datetime) -> None:
        until = now + ASIDE
        Coverage.extend(self, self.KILLS, now, now)
        self.outcome = self.Outcome.FAILED
        self.error = (
            f"{self.attempts} polls in a row ended together with the worker that ran them; "
            f"the next one begins after {until:%Y-%m-%d %H:%M} UTC"
        )
        self.reason = self.KILLS
        self.polled_at = now
        self.failures += 1
        self.let_go(until, attempts=MOST_ATTEMPTS - 1)
        self.save(update_fields=[*REPORTED, *QUEUED])

    def _seek_names(self, recording: Recording, now: dt.datetime) -> None:
        """Look again at once, at the newest versions too, when a pointer moved to what no known version is.

        One of them was pushed anew, and its turn in the sweep may be a day away: until then the page would say that
        the pointer has no version.
        """
        nameless = [move for move in recording.movements if move.tag.role == Role.POINTER and not move.to_version]
        if not any(move.to_digest for move in nameless):
            return
        asked = recording.verdict.sent.keys()
        swept = self.tags.filter(swept=True, state=Tag.State.PRESENT).exclude(role=Role.POINTER)
        latest = swept.order_by("-pk").values_list("name", flat=True)[:LATEST]
        others = (name for name in latest.iterator() if name not in asked)
        if newest := heapq.nlargest(NEWEST, others, key=sort_key):
            self.look_soon_at(newest)
            self.next_poll_at = now
            self.save(update_fields=["next_poll_at"])

    def _keep_looks(self, looks: Looks) -> None:
        """Set both clocks; that of the sweep in one row, and only when it moved on."""
        if looks.slices != self.looks.slices:
            slices = list(looks.slices)
            if sweep := getattr(self, "sweep", None):
                sweep.looks = slices
                sweep.save(update_fields=["looks"])
            else:
                Sweep.objects.create(repository=self, looks=slices)
        self.checked_at = looks.checked_at

    def _next_poll(self, now: dt.datetime, ending: Ending) -> dt.datetime:
        """When to look again: on this repository's own beat, or later the longer it keeps failing."""
        retry_after = ending.retry_after
        if ending.is_doubted:
            return now + dt.timedelta(seconds=self.every)
        # When it is the registry that fails, that waits, and all of its repositories are due again once it is back.
        is_failing_alone = self.failures > 1 and not self.registry.is_failing
        if is_failing_alone or retry_after:
            backoff = min(self.every * 2 ** min(max(self.failures - 1, 0), 10), max(self.every, LONGEST_BACKOFF))
            seconds = max(retry_after or 0, backoff) * random.uniform(1, 1.2)  # noqa: S311 (it spreads, it hides nothing)
            return now + dt.timedelta(seconds=seconds)
        # A hash of the name gives each repository its own place in the interval, so that they don't fall due together.
        phase = zlib.crc32(self.reference.encode()) % self.every
        elapsed = (now.timestamp() - phase) % self.every
        return now + dt.timedelta(seconds=self.every - elapsed)
