"""What can go wrong with a registry, in words a person who has never seen HTTP can read.

    RegistryError
    ├── Unreachable            no such name, connection refused or dropped, certificate not trusted
    ├── TimedOut               no whole answer before the deadline
    ├── CredentialsRefused     401 that no token helps against; user name or password wrong or not set
    │   └── Forbidden          403: the credentials are good, this one thing is not for them
    ├── NeedsApproval          tokens are given out at an address nobody has approved for this registry
    ├── RepositoryMissing      404
    ├── RateLimited            429
    ├── ServerError            5xx
    ├── BadAnswer              a web page, cut short, not JSON, refused link or redirect, digest that does not match
    │   └── TooLarge           more bytes or names than the ceiling
    └── Cancelled              somebody asked to stop

A message names host, method and path; it never holds a query, a header or a byte the registry sent.
"""

from typing import ClassVar


class RegistryError(Exception):
    """Any failure to learn something from a registry; `retry_after` is the wait it asked for, in seconds."""

    reason: ClassVar[str] = "registry could not be read"
    """Short and stable: what coverage rows store."""

    ends_poll: ClassVar[bool] = False
    """Whether every other tag of the same poll would fail the same way."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unreachable(RegistryError):
    reason = "registry not reachable"


class TimedOut(RegistryError):
    reason = "registry timed out"


class CredentialsRefused(RegistryError):
    reason = "credentials refused"
    ends_poll = True


class Forbidden(CredentialsRefused):
    ends_poll = False


class NeedsApproval(RegistryError):
    """The registry sends clients to `realm` for tokens, and credentials do not go there unasked."""

    reason = "token address needs approval"
    ends_poll = True

    def __init__(self, realm: str) -> None:
        super().__init__(f"needs approval: {realm}")
        self.realm = realm


class RepositoryMissing(RegistryError):
    reason = "repository not found"


class RateLimited(RegistryError):
    reason = "too many requests"
    ends_poll = True


class ServerError(RegistryError):
    reason = "registry answered with an error"


class BadAnswer(RegistryError):
    reason = "registry gave an unreadable answer"


class TooLarge(BadAnswer):
    reason = "registry's answer is too large"


class Cancelled(RegistryError):
    reason = "cancelled"
    ends_poll = True
