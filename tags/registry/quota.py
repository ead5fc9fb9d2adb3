"""How many requests a registry says are left: `ratelimit-*` of Docker Hub, `x-ratelimit-*` of its API and GitHub's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Quota:
    limit: int
    remaining: int
    window: int | None
    """Seconds in which `limit` requests may be sent; None: it was not told."""
    source: str | None
    """Whom it counts for, as the registry says it: an address or an account."""
    resets_at: datetime | None = None


def parse_quota(headers: Mapping[str, str]) -> Quota | None:
    """None when the answer says nothing of a limit, or nothing that can be read."""
    raise NotImplementedError
