"""Finding the repositories that a registry's patterns ask for."""

from __future__ import annotations

from django.db import transaction

from tags.clients import client_for
from tags.models import Registry, Repository
from tags.registry import Catalog, Misconfigured


def discover(registry: Registry) -> Catalog:
    """Read a registry's catalog and start watching what its patterns ask for; nothing is ever taken away here."""
    try:
        catalog = client_for(registry).catalog(registry.included)
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
    if catalog.error:
        registry.propose_realm(catalog.error)
    return catalog
