"""A client for OCI registries that lists tags and the digests they point to; it has never heard of Django."""

from .client import Client, look_at_all
from .errors import (
    AddressRefused,
    BadAnswer,
    Cancelled,
    CredentialsRefused,
    Forbidden,
    Misconfigured,
    NeedsApproval,
    RateLimited,
    RegistryError,
    RepositoryMissing,
    ServerError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from .kinds import KINDS, connect, kind_by_address, kind_by_glance
from .listing import Catalog, Listing, Past, Spell
from .lookup import Observation
from .origin import Origin
from .quota import Quota
from .reference import InvalidReference, Reference, is_digest, is_repository_name, is_tag_name
from .settings import Settings, check_settings

__all__ = [
    "KINDS",
    "AddressRefused",
    "BadAnswer",
    "Cancelled",
    "Catalog",
    "Client",
    "CredentialsRefused",
    "Forbidden",
    "InvalidReference",
    "Listing",
    "Misconfigured",
    "NeedsApproval",
    "Observation",
    "Origin",
    "Past",
    "Quota",
    "RateLimited",
    "Reference",
    "RegistryError",
    "RepositoryMissing",
    "ServerError",
    "Settings",
    "Spell",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "check_settings",
    "connect",
    "is_digest",
    "is_repository_name",
    "is_tag_name",
    "kind_by_address",
    "kind_by_glance",
    "look_at_all",
]
