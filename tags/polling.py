"""The crossing of wire and database: a poll is decide, fetch, store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext_noop

from tags.clients import client_for
from tags.models import LeaseLost, Repository
from tags.registry import Cancelled, Listing, Misconfigured, OutOfTime, Past, RegistryError, look_at_all

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Callable

    from tags.models import Movement
    from tags.models.turn import Turn


SECONDS_OF_A_POLL = 900  # then it ends with what it knows, and the next one goes on
SECONDS_BETWEEN_RENEWALS = 10
SECONDS_TO_STORE = 30  # in which a database that went away may come back
SECONDS_UNTIL_ASKED_AGAIN = 1
SKIPPED = "skipped"

Found = TypeVar("Found")


class BrokenOff(RegistryError):
    """The poll ended before it could say what it saw."""

    reason = gettext_noop("the poll was broken off")


@dataclass(frozen=True, slots=True)
class Poll:
    """How a poll went: what `poll --json` prints and the log says."""

    repository: str
    outcome: str  # one of Repository.Outcome, or SKIPPED when somebody else is at it
    tags: int = 0
    movements: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a poll asks for: which of the tags that will be listed are worth a request of their own, and since when."""

    turn: Turn | None  # None: all of them
    cursor: str  # empty: everything is read, whether it changed or not


def poll(
    repository: Repository,
    lease: uuid.UUID | None = None,
    *,
    every_tag: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Poll:
    """Look at a repository and write down what is seen; without a `lease` it is claimed here.

    A scheduled poll looks at pointers and at the versions whose turn it is, `every_tag` at all there is.
    `progress(done, total)` is called after each tag. Never raises for what a registry does: that is in the outcome.
    """
    lease = lease or repository.claim()
    if lease is None:
        return Poll(repository.reference, SKIPPED, error="another worker is polling it")
    started, begun = time.monotonic(), timezone.now()
    try:
        plan = decide(repository, every_tag=every_tag)
        listing = fetch(repository, lease, plan, progress)
        movements = store(repository, lease, plan, listing, begun)
    except LeaseLost as error:
        return Poll(repository.reference, SKIPPED, error=str(error))
    except BaseException:
        # A mistake of ours, or an end that came from outside, is a failed poll like any other: without a trace it
        # would be tried again each time the lease runs out.
        repository.record(_nothing(repository, BrokenOff("the poll was broken off; the log says why")), lease)
        raise
    return Poll(
        repository=repository.reference,
        outcome=repository.outcome,
        tags=len(listing.tags),
        movements=len(movements),
        requests=listing.requests,
        seconds=round(time.monotonic() - started, 3),
        error=repository.error,
    )


def decide(repository: Repository, *, every_tag: bool) -> Plan:
    """Ask for all there is, or leave out what need not be looked at now."""
    if every_tag:
        return Plan(None, cursor="")
    now = timezone.now()
    return Plan(repository.turn(now), repository.cursor_at(now))


class Errand(Generic[Found]):
    """What another thread wants read from the database, whose connection belongs to this one; it waits meanwhile."""

    def __init__(self, read: Callable[[], Found]) -> None:
        self._read = read
        self._found: Future[Found] = Future()
        self.wanted: Future[None] = Future()

    def __call__(self) -> Found:
        self.wanted.set_result(None)
        return self._found.result()

    def run(self) -> None:
        self._found.set_result(self._read())

    def cancel(self) -> None:
        """Let nobody wait for what will not come."""
        self._found.cancel()


def fetch(
    repository: Repository,
    lease: uuid.UUID,
    plan: Plan,
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """Ask the registry, keeping the lease alive meanwhile. Raises LeaseLost when it was lost on the way."""
    end = time.monotonic() + SECONDS_OF_A_POLL
    try:
        client = client_for(repository.registry)
    except Misconfigured as error:
        return _nothing(repository, error)
    stop = threading.Event()
    digests, names = Errand(repository.digests), Errand(repository.names)
    errands: dict[Future[Any], Errand[Any]] = {errand.wanted: errand for errand in (digests, names)}
    look = plan.turn._replace(known=names).of if plan.turn else look_at_all
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="listing") as executor:
        future = executor.submit(client.listing, repository.name, look, progress, stop, Past(plan.cursor, digests))
        try:
            while future not in (done := wait({future, *errands}, SECONDS_BETWEEN_RENEWALS, FIRST_COMPLETED).done):
                for wanted in done:
                    errands.pop(wanted).run()
                if not done:
                    keep(repository, lease)
                if time.monotonic() >= end:
                    stop.set()  # the listing comes within a moment, with what is known by then
            is_out_of_time = stop.is_set()
        finally:
            stop.set()  # whatever ends the wait ends the requests
            for errand in (digests, names):
                errand.cancel()
        listing = future.result()
    if is_out_of_time and isinstance(listing.error, Cancelled):
        return replace(listing, error=OutOfTime(f"time limit: the {SECONDS_OF_A_POLL} s of a poll were over"))
    return listing


def keep(repository: Repository, lease: uuid.UUID) -> None:
    """Renew the lease. Raises LeaseLost; that a database is away for a moment takes it from nobody."""
    try:
        if not repository.renew(lease):
            raise LeaseLost(f"{repository} was taken over by another worker")
    except (OperationalError, InterfaceError):
        connection.close()  # the next question opens another


def store(repository: Repository, lease: uuid.UUID, plan: Plan, listing: Listing, begun: dt.datetime) -> list[Movement]:
    """Write down what was seen; a database that went away is waited for, as long as the lease may last.

    Nothing is written twice: what was committed before the connection broke took the lease with it.
    """
    end = time.monotonic() + SECONDS_TO_STORE
    while True:
        try:
            repository.registry.heard(listing)
            return repository.record(listing, lease, plan.cursor, begun)
        except (OperationalError, InterfaceError):
            if time.monotonic() >= end:
                raise
            connection.close()
            time.sleep(SECONDS_UNTIL_ASKED_AGAIN)


def _nothing(repository: Repository, error: RegistryError) -> Listing:
    """The listing of a poll that never came to ask."""
    now = timezone.now()
    return Listing(
        repository=repository.name,
        tags=frozenset(),
        observations=(),
        failures={},
        complete=False,
        error=error,
        sent_at=now,
        received_at=now,
        requests=0,
        refused_names=0,
    )
