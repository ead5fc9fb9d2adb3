"""The crossing of wire and database: a poll is decide, fetch, store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from tags.clients import client_for
from tags.models import LeaseLost, Repository
from tags.registry import Listing, Misconfigured, RegistryError, look_at_all

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable


SECONDS_BETWEEN_RENEWALS = 10
SKIPPED = "skipped"


class BrokenOff(RegistryError):
    """The poll ended before it could say what it saw."""

    reason = "the poll was broken off"


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


def poll(
    repository: Repository,
    lease: uuid.UUID | None = None,
    *,
    every_tag: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Poll:
    """Look at a repository and write down what is seen; without a `lease` it is claimed here.

    A scheduled poll looks at what may have moved, `every_tag` at all there is. `progress(done, total)` is called
    after each tag. Never raises for what a registry does: that is in the outcome.
    """
    lease = lease or repository.claim()
    if lease is None:
        return Poll(repository.reference, SKIPPED, error="another worker is polling it")
    started = time.monotonic()
    try:
        listing = fetch(repository, lease, decide(every_tag=every_tag), progress)
        movements = repository.record(listing, lease)
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


def decide(*, every_tag: bool) -> Callable[[str], bool]:
    """Say which of the tags that will be listed are worth a request of their own: all, scheduled or not."""
    return look_at_all


def fetch(
    repository: Repository,
    lease: uuid.UUID,
    look: Callable[[str], bool],
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """Ask the registry, keeping the lease alive meanwhile. Raises LeaseLost when it was lost on the way."""
    try:
        client = client_for(repository.registry)
    except Misconfigured as error:
        return _nothing(repository, error)
    stop = threading.Event()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="listing") as executor:
        future = executor.submit(client.listing, repository.name, look, progress, stop)
        try:
            while not wait([future], timeout=SECONDS_BETWEEN_RENEWALS).done:
                if not repository.renew(lease):
                    raise LeaseLost(f"{repository} was taken over by another worker")
        finally:
            stop.set()  # whatever ends the wait, a time limit too, ends the requests
        return future.result()


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
