"""The client of each registry: made once in a process, of the registry's kind, and tried out for people."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from tags.registry import Misconfigured, RegistryError, TimedOut, connect

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tags.models import Registry
    from tags.registry import Client, Settings

SECONDS_A_PERSON_WAITS = 4

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
