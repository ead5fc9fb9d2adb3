"""A client for OCI registries that lists tags and the digests they point to; it has never heard of Django."""

from .account import CAUTION
from .budget import Budget
from .client import Client, Look, look_at_all
from .description import Description
from .errors import (
    AddressRefused,
    BadAnswer,
    Busy,
    Cancelled,
    CredentialsRefused,
    Forbidden,
    Misconfigured,
    NeedsApproval,
    OutOfOrder,
    OutOfTime,
    RateLimited,
    RegistryError,
    RepositoryMissing,
    ServerError,
    ServersDisagree,
    TimedOut,
    TooLarge,
    Unreachable,
)
from .kinds import KINDS, connect, kind_by_address, kind_by_glance
from .listing import Catalog, Listing, Past, Span, Spell
from .lookup import Observation
from .origin import Origin
from .pages import Part, Place
from .quota import Quota
from .reference import InvalidReference, Reference, is_digest, is_repository_name, is_tag_name
from .settings import Settings, check_settings
from .tokens import TokenCache
from .transport import Tally

__all__ = [
    "CAUTION",
    "KINDS",
    "AddressRefused",
    "BadAnswer",
    "Budget",
    "Busy",
    "Cancelled",
    "Catalog",
    "Client",
    "CredentialsRefused",
    "Description",
    "Forbidden",
    "InvalidReference",
    "Listing",
    "Look",
    "Misconfigured",
    "NeedsApproval",
    "Observation",
    "Origin",
    "OutOfOrder",
    "OutOfTime",
    "Part",
    "Past",
    "Place",
    "Quota",
    "RateLimited",
    "Reference",
    "RegistryError",
    "RepositoryMissing",
    "ServerError",
    "ServersDisagree",
    "Settings",
    "Span",
    "Spell",
    "Tally",
    "TimedOut",
    "TokenCache",
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
