"""The crossing of wire and database: a poll is decide, fetch, store."""

from __future__ import annotations

import math
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from django.utils.translation import gettext_noop

from tags.clients import client_for
from tags.models import AskAgain, LeaseLost, databaseclock
from tags.models.sweep import SLICES
from tags.registry import Cancelled, Listing, Misconfigured, OutOfTime, Part, Past

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Callable, Iterable, Set

    from tags.models import Inventory, Movement, Repository
    from tags.registry import Span

NAMES_IN_A_PART = 20_000  # of a list that is longer; with their digests they take some 20 MiB
SECONDS_OF_A_PART = 900  # then it ends with what it knows, and the next poll goes on
SECONDS_BETWEEN_RENEWALS = 10
SECONDS_TO_STORE = 30  # in which a database that went away may come back
SECONDS_UNTIL_ASKED_AGAIN = 1
SKIPPED = "skipped"
UNFINISHED = "unfinished"
ALL_SLICES = frozenset(range(SLICES))

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


class BrokenOff(Cancelled):
    """The poll ended before it could say what it saw."""

    reason = gettext_noop("the poll was broken off")


@dataclass(frozen=True, slots=True)
class Poll:
    """How a poll went: what `poll --json` prints and the log says."""

    repository: str
    outcome: str  # one of Repository.Outcome, SKIPPED when somebody else is at it, or UNFINISHED when a list is long
    tags: int = 0
    movements: int = 0
    requests: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a part of a list brought, or several; `goes_on`: there is more of it to read."""

    tags: int = 0
    movements: int = 0
    requests: int = 0
    goes_on: bool = True

    def then(self, other: Seen) -> Seen:
        counts = (self.tags + other.tags, self.movements + other.movements, self.requests + other.requests)
        return Seen(*counts, other.goes_on)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for: which part of the list and, of the tags in it, which are worth a request of their own.

    `slices` of the sweep are looked at, and with `every_tag` all there is. Without a `cursor` everything is read,
    whether it changed or not.
    """

    part: Part | None  # None: the whole list at once
    slices: Set[int]
    every_tag: bool
    cursor: str


def poll(
    repository: Repository,
    lease: uuid.UUID | None = None,
    *,
    end: float = math.inf,
    every_tag: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Poll:
    """Look at a repository and write down what is seen; without a `lease` it is claimed here.

    A scheduled poll looks at pointers and at the versions whose turn it is, `every_tag` at all there is. After the
    first part of a list none is begun when it is `end` by the monotonic clock: what is too long is left, due again at
    once, for any worker to go on with.
    `progress(done, total)` is called after each tag. Never raises for what a registry does: that is in the outcome.
    """
    lease = lease or repository.claim()
    if lease is None:
        return Poll(repository.reference, SKIPPED, error="another worker is polling it")
    held, started, begun = Held(repository, lease), time.monotonic(), outlast(databaseclock.now)
    seen = Seen()
    try:
        while seen.goes_on:
            seen = seen.then(look(held, begun, every_tag=every_tag, progress=progress))
            if seen.goes_on and time.monotonic() > end:
                outlast(partial(repository.leave, lease))
                break
    except LeaseLost as error:
        return Poll(repository.reference, SKIPPED, error=str(error))
    except BaseException:
        # A mistake of ours, or an end that came from outside, is a failed poll like any other: without a trace it
        # would be tried again each time the lease runs out.
        broken_off = BrokenOff("the poll was broken off; the log says why")
        nothing = Listing.of_nothing(repository.name, timezone.now(), broken_off)
        outlast(partial(repository.record, nothing, lease, begun=begun))
        raise
    return Poll(
        repository=repository.reference,
        outcome=UNFINISHED if seen.goes_on else repository.outcome,
        tags=seen.tags,
        movements=seen.movements,
        requests=seen.requests,
        seconds=round(time.monotonic() - started, 3),
        error="" if seen.goes_on else repository.error,
    )


@dataclass(slots=True)
class Held:
    """A repository and the lease that this worker has of it, `renewed` at a time of the monotonic clock."""

    repository: Repository
    lease: uuid.UUID
    renewed: float = field(default_factory=time.monotonic)

    def keep(self) -> None:
        """Renew the lease when its time has come. Raises LeaseLost; no database that is away for a moment takes it."""
        if time.monotonic() - self.renewed < SECONDS_BETWEEN_RENEWALS:
            return
        try:
            if not self.repository.renew(self.lease):
                raise LeaseLost(f"the lease of {self.repository} was lost")
            self.renewed = time.monotonic()
        except (OperationalError, InterfaceError):
            connection.close()  # the next question opens another


def look(held: Held, begun: dt.datetime, *, every_tag: bool, progress: Callable[[int, int], None] | None) -> Seen:
    """Read the next part of a repository's list, which mostly is all of it, and write it down."""
    repository = held.repository
    inventory = getattr(repository, "inventory", None)
    if inventory and inventory.is_read:
        held.keep()
        movements, is_all = outlast(partial(repository.finish, held.lease, begun))
        return Seen(movements=len(movements), goes_on=not is_all)
    end = time.monotonic() + SECONDS_OF_A_PART
    plan = decide(repository, inventory, every_tag=every_tag)
    listing = fetch(held, plan, end, progress)
    listing, movements = make_sure_and_store(held, plan, listing, begun, end)
    return Seen(
        len(listing.tags), len(movements), listing.requests, goes_on=listing.complete and not listing.span.is_all
    )


def make_sure_and_store(
    held: Held, plan: Plan, listing: Listing, begun: dt.datetime, end: float
) -> tuple[Listing, list[Movement]]:
    """Write down what was seen, once the registry was asked again for all that one answer is not enough for.

    What is kept by that may let others be believed of which nothing was before: so it may take several rounds, each
    of tags that had none yet.
    """
    while True:
        held.keep()
        try:
            return listing, store(held, plan, listing, begun)
        except AskAgain as doubt:
            listing = ask_again(held, listing, doubt.tags, end)


def decide(repository: Repository, inventory: Inventory | None, *, every_tag: bool) -> Plan:
    """Ask for the next part of a long list or the first one, and leave out what need not be looked at now."""
    now = outlast(databaseclock.now)
    slices: Set[int] = ALL_SLICES if every_tag else repository.slices_due(now)
    part: Part | None = Part(None, NAMES_IN_A_PART)
    if inventory and not inventory.comes_sorted:
        part = None
    elif inventory and inventory.place:
        slices, part = frozenset(inventory.slices), Part(inventory.place, NAMES_IN_A_PART)
    return Plan(part, slices, every_tag, "" if every_tag else repository.cursor_at(now))


class Errand(Generic[Asked, Found]):
    """What another thread wants read from the database, whose connection belongs to this one; it waits meanwhile."""

    def __init__(self, read: Callable[Asked, Found]) -> None:
        self._read = read
        self._found: Future[Found] = Future()
        self.wanted: Future[None] = Future()

    def __call__(self, *asked: Asked.args, **named: Asked.kwargs) -> Found:
        self._ask = partial(self._read, *asked, **named)
        self.wanted.set_result(None)
        return self._found.result()

    def run(self) -> None:
        self._found.set_result(outlast(self._ask))

    def cancel(self) -> None:
        """Let nobody wait for what will not come."""
        self._found.cancel()


def fetch(held: Held, plan: Plan, end: float, progress: Callable[[int, int], None] | None = None) -> Listing:
    """Ask the registry, until it is `end` by the monotonic clock. Raises LeaseLost when it was lost on the way."""
    repository = held.repository
    try:
        client = client_for(repository.registry)
    except Misconfigured as error:
        return Listing.of_nothing(repository.name, timezone.now(), error)

    def turn(listed: Set[str], span: Span) -> set[str]:
        return repository.turn(listed, span, ALL_SLICES if plan.every_tag else plan.slices)

    digests, due = Errand(repository.digests), Errand(turn)
    past = Past(plan.cursor, digests)

    def ask(stop: threading.Event) -> Listing:
        return client.listing(repository.name, due, progress, stop, past, plan.part)

    return meanwhile_keep(held, ask, end, (digests, due))


def ask_again(held: Held, listing: Listing, tags: Set[str], end: float) -> Listing:
    """Ask the registry again for these tags, each of its servers if there are several. Raises LeaseLost."""
    client = client_for(held.repository.registry)
    return meanwhile_keep(held, partial(client.ask_again, listing, tags), end)


def meanwhile_keep(
    held: Held,
    ask: Callable[[threading.Event], Listing],
    end: float,
    errands: Iterable[Errand[Any, Any]] = (),
) -> Listing:
    """Have another thread `ask`, running its errands, and keep the lease alive. Raises LeaseLost.

    When it is `end` by the monotonic clock what it is given is set, and it comes with what it knows by then.
    """
    stop = threading.Event()
    waiting: dict[Future[Any], Errand[Any, Any]] = {errand.wanted: errand for errand in errands}
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="listing") as executor:
        future = executor.submit(ask, stop)
        try:
            while future not in (done := wait({future, *waiting}, SECONDS_BETWEEN_RENEWALS, FIRST_COMPLETED).done):
                for wanted in done:
                    waiting.pop(wanted).run()
                held.keep()
                if time.monotonic() >= end:
                    stop.set()  # the listing comes within a moment, with what is known by then
            is_out_of_time = stop.is_set()
        finally:
            stop.set()  # whatever ends the wait ends the requests
            for errand in errands:
                errand.cancel()
        listing = future.result()
    if is_out_of_time and isinstance(listing.error, Cancelled):
        return replace(listing, error=OutOfTime(f"time limit: the {SECONDS_OF_A_PART} s of a poll were over"))
    return listing


def store(held: Held, plan: Plan, listing: Listing, begun: dt.datetime) -> list[Movement]:
    """Write down what was seen. Raises AskAgain."""
    repository = held.repository
    # What is heard of a registry is written down apart, and who lost the lease says nothing of that either.
    if listing.error is not None and not outlast(partial(repository.renew, held.lease)):
        raise LeaseLost(f"the lease of {repository} was lost")
    outlast(partial(repository.registry.heard, listing))
    return outlast(partial(repository.record, listing, held.lease, plan.cursor, begun, plan.slices))


def outlast(work: Callable[[], Found]) -> Found:
    """Do something again while the database is away, for as long as a lease may last."""
    end = time.monotonic() + SECONDS_TO_STORE
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError):
            if time.monotonic() >= end:
                raise
            connection.close()  # the next question opens another
            time.sleep(SECONDS_UNTIL_ASKED_AGAIN)
