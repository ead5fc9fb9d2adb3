"""The kinds of registry, and which one a registry is."""

import re
from typing import Any

from .client import Client
from .glance import Glance
from .settings import Settings

PLAIN = "oci"

KINDS: dict[str, type[Client]] = {
    PLAIN: Client,
}


def kind_by_address(address: str) -> str:
    """The kind that an address gives away; empty when it could be any."""
    return next((kind for kind, client in KINDS.items() if re.fullmatch(client.ADDRESSES, address.lower())), "")


def kind_by_glance(glance: Glance) -> str:
    """The kind that an answer gives away, plain OCI when it could be any."""
    return next((kind for kind, client in KINDS.items() if client.is_seen_in(glance)), PLAIN)


def connect(settings: Settings, **options: Any) -> Client:
    """The client for a registry; a kind nobody knows (any more) is read as plain OCI."""
    kind = settings.kind or kind_by_address(settings.address)
    return KINDS.get(kind, Client)(settings, **options)
