"""The queue of polls, which is in the database: what is due, who holds it, and how often it was tried."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self, TypeVar, cast

from django.db import connection, models, transaction
from django.db.models import Count, F, Q, Window
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
TIME_TO_RENEW = dt.timedelta(seconds=20)  # twice as long as from one renewal to the next
# A poll that has been in work for longer may be for long: what its registry still has would only wait behind it.
SLOW = dt.timedelta(seconds=5)
SECONDS_TO_GO_ON = 10  # less than others wait for a lock
WAITING_FOR_EACH_PROCESS = 4  # polls, at most, while it is at one: their lease runs, so no more than are taken soon
MANY = 32  # enough that workers who choose one at random hardly ever choose the same


class LeaseLost(Exception):
    """Another worker may have taken the repository over: whoever raises this has written nothing."""


class Claim(NamedTuple):
    """A repository's id, and the token of the lease by which whoever took it holds it."""

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

    def waiting_for_a_process(self, share: int) -> Self:
        """Those of `waiting` that any process may take: of their registries less than `share` polls are in work."""
        now = databaseclock.now()
        in_work = self._all.in_work(now).order_by().values("registry").annotate(polls=Count("pk"))
        return self.waiting(now).exclude(registry__in=in_work.filter(polls__gte=share).values("registry"))

    def in_work(self, now: dt.datetime | None = None) -> Self:
        """Those that some worker holds and is at: one that was killed has a lease, and renews it no more."""
        return self.leased((now or databaseclock.now()) + LEASE - TIME_TO_RENEW).exclude(taken_at=None)

    def claim_due(self, *, limit: int, share: int, now: dt.datetime | None = None) -> list[int]:
        """Lease up to `limit` due repositories, for workers to take; returns the ids of those won.

        Registries take turns, and of each the longest due comes first. A registry that is to be tried with care has
        one at a time, one that keeps `share` processes busy with slow polls gets no more, and none more than those can
        take soon.

        Of two callers at once, each repository goes to one. Being claimed puts a repository at the end of the line, so
        that those whose polls never come to an end don't keep all others waiting. Nor do those that somebody keeps
        locked, such as a worker that froze while it wrote.
        """
        now = now or databaseclock.now()
        candidates = self.due(now)._in_turn(now, limit, share)
        if not candidates:
            return []
        with transaction.atomic():
            # What makes a row due is asked again, for another caller may have claimed it in between.
            still_due = self._all.filter(_free(now), pk__in=candidates, next_poll_at__lte=now).order_by()
            won = list(still_due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
            self._all.filter(pk__in=won).update(
                lease_token=None, lease_until=now + LEASE, taken_at=None, next_poll_at=now
            )
        return won

    def _in_turn(self, now: dt.datetime, limit: int, share: int) -> list[int]:
        """Up to `limit` of these by turns, of which a registry has had as many as are under way or handed out."""
        had = Counter(self._all.leased(now).values_list("registry", flat=True))
        slow = Counter(self._all.in_work(now).filter(taken_at__lt=now - SLOW).values_list("registry", flat=True))
        with_care = set(Registry.objects.to_try_with_care(now).values_list("pk", flat=True))
        place = Window(RowNumber(), partition_by="registry", order_by=["next_poll_at", "pk"])
        first = self.annotate(place=place).filter(place__lte=limit).order_by("place", "next_poll_at", "pk")
        turns: defaultdict[int, list[int]] = defaultdict(list)
        for registry, place_of, pk in first.values_list("registry", "place", "pk"):
            turn = had[registry] + place_of
            most = 1 if registry in with_care else share * (1 + WAITING_FOR_EACH_PROCESS)
            if slow[registry] < share and turn <= most:
                turns[turn].append(pk)
        return [pk for turn in sorted(turns) for pk in turns[turn]][:limit]

    @property
    def _all(self) -> QueuedQuerySet[Row]:
        """Every repository, whatever these are."""
        return cast("QueuedQuerySet[Row]", self.model._default_manager.all())

    def take(self, *, share: int) -> Claim | None:
        """Lease one of those that were handed out to whoever asks; None when there is none that may be taken.

        Where `share` polls of a registry are in work already, the rest of it is left to the processes that are at them.
        What may not be polled any more goes back into the queue: its registry is to be left alone, or tried with care.
        """
        full: set[int] = set()
        while one := self.exclude(registry__in=full)._one_that_waits():
            pk, registry = one
            now = databaseclock.now()
            with _brief_transaction():
                # Of two workers that take at once, the second sees what the first took.
                locked = Registry.objects.select_for_update(no_key=True).filter(pk=registry)
                most = locked.order_by().most_polls(now, share).first() or 0
                mine = self._all.waiting(now).filter(pk=pk)
                if self._all.in_work(now).filter(registry=registry).count() < most:
                    if own := mine._lease(now):
                        return Claim(pk, own)
                elif most < share:
                    mine.update(lease_until=None)
                else:
                    full.add(registry)
        return None

    def _one_that_waits(self) -> tuple[int, int] | None:
        """One of those that have waited longest, and its registry: any of them, for others come at the same time."""
        some = list(self.waiting().order_by("lease_until").values_list("pk", "registry")[:MANY])
        return random.choice(some) if some else None  # noqa: S311 (it spreads, it hides nothing)

    def _lease(self, now: dt.datetime) -> uuid.UUID | None:
        lease = uuid.uuid4()
        won = self.update(
            lease_token=lease,
            lease_until=now + LEASE,
            taken_at=now,
            attempts=F("attempts") + 1,
            next_poll_at=Least("next_poll_at", now),  # what is later than this, somebody asked for since
        )
        return lease if won else None

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
        return self._row.filter(_free(now))._lease(now)

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
