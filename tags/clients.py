"""The client of each registry: made once in a process, of the registry's kind, and tried out for people."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from tags.models import databaseclock
from tags.registry import (
    Budget,
    Misconfigured,
    RegistryError,
    TimedOut,
    TokenCache,
    connect,
    kind_by_address,
    kind_by_glance,
)
from tags.registry.budget import PATIENCE
from tags.sharing import ledger_of, token_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from tags.models import Registry
    from tags.registry import Client, Settings

SECONDS_A_PERSON_WAITS = 4
SECONDS_A_POLL_WAITS = 10  # for the look that tells the kind, before anything keeps its lease alive

_clients: dict[int, tuple[Settings, Client]] = {}
_clients_lock = threading.Lock()


def client_for(registry: Registry) -> Client:
    """The one client of a registry in this process, so that its connections and tokens are used again.

    Raises Misconfigured when the stored credentials cannot be read.
    """
    if _needs_recognition(registry) and not registry.recognised_kind:
        _recognise(registry)
    settings = _settings(registry)
    with _clients_lock:
        known, client = _clients.get(registry.pk, (None, None))
        if client is None or known != settings:
            if client is not None:
                client.close()
            client = connect(settings, budget=_budget(registry), tokens=TokenCache(token_store()))
            _clients[registry.pk] = (settings, client)
    _tell_of_silence(client.budget, registry)
    return client


def _needs_recognition(registry: Registry) -> bool:
    """Whether neither a person nor the address says what kind of registry it is."""
    return not registry.kind and not kind_by_address(registry.address)


def _recognise(registry: Registry) -> None:
    """Find out the kind by one look; without an answer it is read the plain way, and the next poll looks again."""
    with connect(_settings(registry), budget=_budget(registry), deadline=SECONDS_A_POLL_WAITS) as client:
        if kind := _seen_kind(client):
            registry.recognised_as(kind)


def _seen_kind(client: Client) -> str:
    try:
        return kind_by_glance(client.glance())
    except RegistryError:
        return ""


def _settings(registry: Registry) -> Settings:
    try:
        return registry.client_settings()
    except ImproperlyConfigured as error:
        raise Misconfigured(str(error)) from error


def _budget(registry: Registry, patience: float = PATIENCE) -> Budget:
    ledger = ledger_of(registry.origin)
    most, per_minute = registry.concurrency, registry.requests_per_minute
    budget = Budget(registry.address, most, per_minute, ledger, patience=patience)
    _tell_of_silence(budget, registry)
    return budget


def _tell_of_silence(budget: Budget, registry: Registry) -> None:
    """What the database knows, another process may have been told while there was no Redis to share it."""
    now = databaseclock.now()
    silence, caution = registry.silence(now), registry.caution(now)
    if silence or caution:
        budget.quiet(silence.total_seconds(), caution.total_seconds())


def check_connections(registries: Iterable[Registry]) -> dict[Registry, RegistryError | None]:
    """Ask each registry whether it answers and takes the credentials; None: it does. Its kind is recognised anew."""
    with_threads = ThreadPoolExecutor(thread_name_prefix="check")
    checks = {registry: with_threads.submit(_check, registry) for registry in registries}
    with_threads.shutdown(wait=False)
    wait(checks.values(), timeout=SECONDS_A_PERSON_WAITS)
    return {registry: _outcome(registry, check) for registry, check in checks.items()}


def _check(registry: Registry) -> str:
    """The kind of registry that was seen, empty when nobody needs to know; raises RegistryError if it does not work."""
    budget = _budget(registry, patience=SECONDS_A_PERSON_WAITS / 2)
    with connect(_settings(registry), budget=budget, deadline=SECONDS_A_PERSON_WAITS) as client:
        client.check()
        return _seen_kind(client) if _needs_recognition(registry) else ""


def _outcome(registry: Registry, check: Future[str]) -> RegistryError | None:
    try:
        kind = check.result(timeout=0)
    except TimeoutError:
        return TimedOut(f"it does not answer within {SECONDS_A_PERSON_WAITS} s")
    except RegistryError as error:
        return error
    if kind:
        registry.recognised_as(kind)
    return None
