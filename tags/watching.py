"""Starting to watch a repository, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from tags.models import Registry, Repository

if TYPE_CHECKING:
    from tags.registry import Reference


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a registry that is not known yet; what is given here replaces what a known one has."""

    plain_http: bool = False
    username: str = ""
    secret: str = ""
    ca_certificate: str = ""


def watch(reference: Reference, access: Access = Access(), interval: int | None = None) -> Repository:
    """Watch a repository from now on; its registry is added when it is unknown. Doing it twice changes nothing.

    Raises ValidationError, in words, for what cannot be watched.
    """
    with transaction.atomic():
        registry, added = Registry.objects.get_or_create(
            address=reference.host,
            defaults={"plain_http": access.plain_http, "ca_certificate": access.ca_certificate},
        )
        if not added:
            registry.plain_http = registry.plain_http or access.plain_http
            registry.ca_certificate = access.ca_certificate or registry.ca_certificate
        if access.username:
            registry.username = access.username
            registry.set_secret(access.secret)
        if not registry.enabled:
            raise ValidationError(f"{registry} is disabled: enable it in the admin first.")
        registry.full_clean()
        registry.save()
        repository, added = Repository.objects.get_or_create(
            registry=registry, name=reference.path, defaults={"interval": interval}
        )
        if not added:
            repository.enabled = True
            repository.interval = interval or repository.interval
            repository.save(update_fields=["enabled", "interval"])
    return repository
