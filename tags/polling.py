"""The crossing of wire and database: a poll is decide, fetch, store."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from django.db import transaction

from tags.models import LeaseLost, Registry, Repository
from tags.registry import Client

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from tags.models import Movement
    from tags.registry import Catalog, Listing, Settings

log = structlog.get_logger(__name__)

SECONDS_BETWEEN_RENEWALS = 10
SECONDS_A_PERSON_WAITS = 4
SKIPPED = "skipped"


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
        listing = fetch(repository, lease, decide(repository, every_tag=every_tag), progress)
        movements = repository.record(listing, lease)
    except LeaseLost as error:
        return Poll(repository.reference, SKIPPED, error=str(error))
    result = Poll(
        repository=repository.reference,
        outcome=repository.outcome,
        tags=len(listing.tags),
        movements=len(movements),
        requests=listing.requests,
        seconds=round(time.monotonic() - started, 3),
        error=repository.error,
    )
    _log(result, movements)
    return result


def decide(repository: Repository, *, every_tag: bool) -> Callable[[str], bool]:
    """Say which of the tags that will be listed are worth a request of their own."""
    return lambda tag: True


def fetch(
    repository: Repository,
    lease: uuid.UUID,
    look: Callable[[str], bool],
    progress: Callable[[int, int], None] | None = None,
) -> Listing:
    """Ask the registry, keeping the lease alive meanwhile. Raises LeaseLost when it was lost on the way."""
    client = client_for(repository.registry)
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
    catalog = client_for(registry).catalog()
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


def check_connection(registry: Registry) -> None:
    """Ask a registry once whether it answers and takes the credentials; raises RegistryError in words."""
    client = Client(registry.client_settings(), deadline=SECONDS_A_PERSON_WAITS)
    try:
        client.check()
    finally:
        client.close()


_clients: dict[int, tuple[Settings, Client]] = {}
_clients_lock = threading.Lock()


def client_for(registry: Registry) -> Client:
    """The one client of a registry in this process, so that its connections and tokens are used again."""
    settings = registry.client_settings()
    with _clients_lock:
        known, client = _clients.get(registry.pk, (None, None))
        if client is None or known != settings:
            if client is not None:
                client.close()
            client = Client(settings)
            _clients[registry.pk] = (settings, client)
        return client


def _log(result: Poll, movements: list[Movement]) -> None:
    log.info(
        "polled",
        repository=result.repository,
        outcome=result.outcome,
        tags=result.tags,
        requests=result.requests,
        seconds=result.seconds,
        error=result.error,
    )
    for movement in movements:
        log.info("moved", repository=result.repository, sentence=movement.sentence)
