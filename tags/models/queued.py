"""The queue of polls, which is in the database: what is due, who holds it, and how often it was tried."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar, cast

from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, Window
from django.db.models.functions import Least, RowNumber
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tags.models import databaseclock
from tags.models.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

QUEUED = ("next_poll_at", "lease_token", "lease_until", "taken_at", "attempts")
# Long enough that a worker which renews it every ten seconds never loses it by a hiccup, short enough that a
# repository whose worker was killed is claimed again within a minute.
LEASE = dt.timedelta(seconds=45)
# A poll that has been in work for longer may be for long: what its registry still has would only wait behind it.
SLOW = dt.timedelta(seconds=5)
SECONDS_TO_GO_ON = 10  # less than others wait for a lock


class LeaseLost(Exception):
    """Another worker may have taken the repository over: whoever raises this has written nothing."""


class Claim(NamedTuple):
    """What was handed out: a repository's id, and the token of the lease that some worker is to take."""

    pk: int
    lease: uuid.UUID


def _free(now: dt.datetime) -> Q:
    """The condition that nobody holds a repository's lease."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


@contextmanager
def _brief_transaction() -> Iterator[None]:
    """One that PostgreSQL ends when whoever began it does not go on: the polls of a whole registry wait for it.

    So it does not wait until what it wrote is on disk, either: who loses a lease by a crash of the database writes as
    little as who loses it otherwise.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', %s, true),"
                    " set_config('synchronous_commit', 'off', true)",
                    [f"{SECONDS_TO_GO_ON}s"],
                )
        yield


Row = TypeVar("Row", bound="Queued")


class QueuedQuerySet(models.QuerySet[Row]):
    def watched(self) -> Self:
        return self.filter(enabled=True, registry__enabled=True)

    def to_ask(self, now: dt.datetime) -> Self:
        """Without those whose registry is to be left alone."""
        return self.exclude(registry__in=Registry.objects.to_leave_alone(now))

    def due(self, now: dt.datetime) -> Self:
        """The watched repositories whose time has come, that nobody holds, and whose registry may be asked."""
        return self.watched().to_ask(now).filter(_free(now), next_poll_at__lte=now)

    def leased(self, now: dt.datetime | None = None) -> Self:
        """Those that some worker holds, or that were handed out to be taken."""
        return self.filter(lease_until__gte=now or databaseclock.now())

    def waiting(self, now: dt.datetime | None = None) -> Self:
        """Those that were handed out, and that no worker has taken yet."""
        return self.leased(now).filter(taken_at=None)

    def in_work(self, now: dt.datetime | None = None) -> Self:
        return self.leased(now).exclude(taken_at=None)

    def claim_due(self, *, limit: int, share: int, now: dt.datetime | None = None) -> list[Claim]:
        """Lease up to `limit` due repositories, for workers to take; returns those won.

        Registries take turns, and of each the longest due comes first. A registry that is to be tried with care has
        one at a time, and one that keeps `share` workers busy with slow polls gets no more.

        Of two callers at once, each repository goes to one. Being claimed puts a repository at the end of the line, so
        that those whose polls never come to an end don't keep all others waiting. Nor do those that somebody keeps
        locked, such as a worker that froze while it wrote.
        """
        now = now or databaseclock.now()
        lease = uuid.uuid4()
        candidates = self.due(now)._in_turn(now, limit, share)
        if not candidates:
            return []
        with transaction.atomic():
            # What makes a row due is asked again, for another caller may have claimed it in between.
            still_due = self._all.filter(_free(now), pk__in=candidates, next_poll_at__lte=now).order_by()
            won = list(still_due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
            self._all.filter(pk__in=won).update(
                lease_token=lease, lease_until=now + LEASE, taken_at=None, next_poll_at=now
            )
        return [Claim(pk, lease) for pk in won]

    def _in_turn(self, now: dt.datetime, limit: int, share: int) -> list[int]:
        """Up to `limit` of these by turns, of which a registry has had as many as are under way or handed out."""
        had: Counter[int] = Counter()
        slow: Counter[int] = Counter()
        for registry, taken_at in self._all.leased(now).values_list("registry", "taken_at"):
            had[registry] += 1
            slow[registry] += taken_at is not None and taken_at < now - SLOW
        with_care = set(Registry.objects.to_try_with_care(now).values_list("pk", flat=True))
        place = Window(RowNumber(), partition_by="registry", order_by=["next_poll_at", "pk"])
        first = self.annotate(place=place).filter(place__lte=limit).order_by("place", "next_poll_at", "pk")
        turns: defaultdict[int, list[int]] = defaultdict(list)
        for registry, place_of, pk in first.values_list("registry", "place", "pk"):
            turn = had[registry] + place_of
            if slow[registry] < share and not (registry in with_care and turn > 1):
                turns[turn].append(pk)
        return [pk for turn in sorted(turns) for pk in turns[turn]][:limit]

    @property
    def _all(self) -> QueuedQuerySet[Row]:
        """Every repository, whatever these are."""
        return cast("QueuedQuerySet[Row]", self.model._default_manager.all())

    def look_soon(self) -> int:
        """Make them due now, whatever their registries wait for; returns how many there are."""
        with transaction.atomic():
            Registry.objects.filter(repositories__in=self).update(retry_at=None)
            return self.update(next_poll_at=databaseclock.now())


class Queued(models.Model):
    """One column drives it all: whoever wants a poll brings `next_poll_at` forward, and each poll sets the next one."""

    next_poll_at = models.DateTimeField(_("next poll"), default=timezone.now)
    lease_token = models.UUIDField(editable=False, null=True)
    lease_until = models.DateTimeField(editable=False, null=True)
    taken_at = models.DateTimeField(
        editable=False, null=True, help_text=_("When a worker took the lease that was handed out.")
    )
    attempts = models.PositiveSmallIntegerField(
        editable=False, default=0, help_text=_("Polls begun since the last one that came to an end.")
    )

    class Meta:
        abstract = True

    def claim(self, now: dt.datetime | None = None) -> uuid.UUID | None:
        """Lease this repository whether it is due or not; None when somebody holds it."""
        now = now or databaseclock.now()
        return self._lease(self._row.filter(_free(now)), now)

    def take(self, handed_out: uuid.UUID, *, share: int) -> uuid.UUID | None:
        """Turn the lease that was handed out into one's own; None when it ran out or was taken already.

        None as well, and it goes back into the queue, when `share` polls of its registry are in work, or one where
        that is to be tried with care, or when its registry may not be asked any more.
        """
        now = databaseclock.now()
        with _brief_transaction():
            # Of two workers that take at once, the second sees what the first took.
            locked = Registry.objects.select_for_update(of=("self",), no_key=True)
            registry = locked.only("pk").filter(repositories=self.pk).first()
            if registry is None:
                return None
            mine = self._row.waiting(now).filter(lease_token=handed_out)
            of_it = Registry.objects.to_try_with_care(now).filter(pk=OuterRef("registry"))
            care = mine.to_ask(now).order_by().values_list(Exists(of_it), flat=True).first()
            if care is None or registry.repositories.in_work(now).count() >= (1 if care else share):
                mine.update(lease_token=None, lease_until=None)
                return None
            return self._lease(mine, now)

    def renew(self, lease: uuid.UUID) -> bool:
        """Keep a lease alive; False when it was lost."""
        now = databaseclock.now()
        return bool(self._row.leased(now).filter(lease_token=lease).update(lease_until=now + LEASE))

    def holds(self, lease: uuid.UUID, now: dt.datetime) -> bool:
        """Whether that is still the lease, of a row that was just read."""
        return self.lease_token == lease and self.lease_until is not None and self.lease_until >= now

    def leave(self, lease: uuid.UUID) -> None:
        """Give a lease back before all was done: it is due again, behind all that have waited for longer."""
        free = {"lease_token": None, "lease_until": None, "taken_at": None}
        self._row.filter(lease_token=lease).update(next_poll_at=databaseclock.now(), attempts=0, **free)

    def let_go(self, next_poll_at: dt.datetime, *, attempts: int = 0) -> None:
        """The poll has come to an end: give the lease back; to be saved."""
        self.next_poll_at, self.attempts = next_poll_at, attempts
        self.lease_token = self.lease_until = self.taken_at = None

    @property
    def _row(self) -> QueuedQuerySet[Queued]:
        return cast("QueuedQuerySet[Queued]", type(self)._default_manager.filter(pk=self.pk))

    @staticmethod
    def _lease(rows: QueuedQuerySet[Queued], now: dt.datetime) -> uuid.UUID | None:
        lease = uuid.uuid4()
        won = rows.update(
            lease_token=lease,
            lease_until=now + LEASE,
            taken_at=now,
            attempts=F("attempts") + 1,
            next_poll_at=Least("next_poll_at", now),  # what is later than this, somebody asked for since
        )
        return lease if won else None
