"""A client for OCI registries that lists tags and the digests they point to; it has never heard of Django."""

from .client import Catalog, Client, Listing, look_at_all
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
from .lookup import Observation
from .origin import Origin
from .reference import InvalidReference, Reference, is_digest, is_repository_name, is_tag_name
from .settings import Settings, check_settings

__all__ = [
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
    "RateLimited",
    "Reference",
    "RegistryError",
    "RepositoryMissing",
    "ServerError",
    "Settings",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "check_settings",
    "is_digest",
    "is_repository_name",
    "is_tag_name",
    "look_at_all",
]
