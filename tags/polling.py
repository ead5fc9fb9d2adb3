"""The crossing of wire and database: a poll is decide, fetch, store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone

from tags.models import LeaseLost, Registry, Repository
from tags.registry import Catalog, Listing, Misconfigured, RegistryError, TimedOut, connect, look_at_all

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable

    from tags.registry import Client, Settings

SECONDS_BETWEEN_RENEWALS = 10
SECONDS_A_PERSON_WAITS = 4
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


def discover(registry: Registry) -> Catalog:
    """Read a registry's catalog and start watching what its patterns ask for; nothing is ever taken away here."""
    try:
        catalog = client_for(registry).catalog()
    except Misconfigured as error:
        catalog = Catalog((), complete=False, error=error)
    with transaction.atomic():
        known = set(registry.repositories.values_list("name", flat=True))
        Repository.objects.bulk_create(
            [
                Repository(registry=registry, name=name)
                for name in catalog.names
                if name not in known and registry.wants(name)
            ],
            ignore_conflicts=True,
        )
        Registry.objects.filter(pk=registry.pk).update(discovery_error=str(catalog.error or ""))
    return catalog


def check_connections(registries: Iterable[Registry]) -> dict[Registry, RegistryError | None]:
    """Ask each registry once whether it answers and takes the credentials; None: it does."""
    with_threads = ThreadPoolExecutor(thread_name_prefix="check")
    checks = {registry: with_threads.submit(_check, registry) for registry in registries}
    with_threads.shutdown(wait=False)
    wait(checks.values(), timeout=SECONDS_A_PERSON_WAITS)
    late = TimedOut(f"it does not answer within {SECONDS_A_PERSON_WAITS} s")
    return {registry: check.result() if check.done() else late for registry, check in checks.items()}


def _check(registry: Registry) -> RegistryError | None:
    try:
        with connect(_settings(registry), deadline=SECONDS_A_PERSON_WAITS) as client:
            client.check()
    except RegistryError as error:
        return error
    return None


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


_clients: dict[int, tuple[Settings, Client]] = {}
_clients_lock = threading.Lock()


def client_for(registry: Registry) -> Client:
    """The one client of a registry in this process, so that its connections and tokens are used again.

    Raises Misconfigured when the stored credentials cannot be read.
    """
    settings = _settings(registry)
    with _clients_lock:
        known, client = _clients.get(registry.pk, (None, None))
        if client is None or known != settings:
            if client is not None:
                client.close()
            client = connect(settings)
            _clients[registry.pk] = (settings, client)
        return client


def _settings(registry: Registry) -> Settings:
    try:
        return registry.client_settings()
    except ImproperlyConfigured as error:
        raise Misconfigured(str(error)) from error
