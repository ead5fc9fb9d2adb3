"""Starting to watch a repository, whoever asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction

from tags.models import Registry, Repository
from tags.registry import Settings, check_settings

if TYPE_CHECKING:
    from tags.registry import Reference


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a registry that is not known yet; what is given here replaces what a known one has."""

    plain_http: bool = False
    username: str = ""
    secret: str = field(default="", repr=False)
    ca_certificate: str = ""
    client_certificate: str = field(default="", repr=False)
    docker_config: str = ""
    kind: str = ""


def watch(reference: Reference, access: Access = Access(), interval: int | None = None) -> Repository:
    """Watch a repository from now on; its registry is added when it is unknown. Doing it twice changes nothing.

    Raises ValidationError, in words, for what cannot be watched.
    """
    with transaction.atomic():
        registry, _added = Registry.objects.get_or_create(
            address=reference.host, defaults={"plain_http": access.plain_http}
        )
        given = [name for name in ("plain_http", "ca_certificate", "docker_config", "kind") if getattr(access, name)]
        for name in given:
            setattr(registry, name, getattr(access, name))
        if access.username or access.secret:
            registry.username = access.username
            registry.set_secret(access.secret)
            given += ["username", "encrypted_secret"]
        if access.client_certificate:
            _check_client_certificate(reference.host, access.client_certificate)
            registry.set_client_certificate(access.client_certificate)
            given.append("encrypted_client_certificate")
        if not registry.enabled:
            raise ValidationError(f"{registry} is disabled: enable it in the admin first.")
        registry.full_clean()
        registry.save(update_fields=given)
        repository, added = Repository.objects.get_or_create(
            registry=registry, name=reference.path, defaults={"interval": interval}
        )
        if not added:
            repository.enabled = True
            repository.interval = interval or repository.interval
            repository.save(update_fields=["enabled", "interval"])
    return repository


def _check_client_certificate(address: str, pem: str) -> None:
    try:
        check_settings(Settings(address, client_certificate=pem))
    except ValueError as error:
        raise ValidationError(str(error)) from error
