"""What can go wrong with a registry, in words a person who has never seen HTTP can read.

    RegistryError
    ├── Misconfigured          what it was set up with is no address, no certificate, no docker configuration
    ├── Unreachable            no such name, connection refused or dropped, certificate not trusted
    │   └── AddressRefused     the name leads to where nothing may be sent: nothing was
    │       └── InsideNetwork  a registry named a host inside a network, where only a person may send us
    ├── TimedOut               no whole answer before the deadline
    ├── CredentialsRefused     401 that no token helps against; user name or password wrong or not set
    │   ├── CredentialsMissing it asks for a user name and a password, and none are set
    │   └── Forbidden          403: the credentials are good, this one thing is not for them
    ├── NeedsApproval          tokens are given out at an address nobody has approved for this registry
    ├── RepositoryMissing      404
    ├── RateLimited            429, now or a while ago: nothing is sent until the wait is over
    ├── Busy                   as many requests are under way, or waiting, as the registry may be sent: this was not
    ├── OutOfTime              the poll took too long: what it has not come to is left to the next
    ├── ServerError            5xx
    ├── BadAnswer              a web page, cut short, not JSON, refused link or redirect, digest that does not match
    │   ├── TooLarge           more bytes or names than the ceiling
    │   └── OutOfOrder         a list that was read in parts, which need an order, lost it
    ├── ServersDisagree        asked several times what a tag points to, it did not say the same each time
    └── Cancelled              somebody asked to stop

A message names a host, and the method and path that we chose; it never holds a query, a header or a path the registry
chose. What a registry does choose and people must see (the host of a redirect, a realm) is made printable.
"""

from typing import ClassVar, Self

from .printable import printable


def gettext_noop(text: str) -> str:
    """Marks a text for translators, as Django's own does: whoever shows it translates it."""
    return text


class RegistryError(Exception):
    """Any failure to learn something from a registry; `retry_after` is the wait it asked for, in seconds."""

    reason: ClassVar[str] = gettext_noop("registry could not be read")
    """Short and stable: what coverage rows store."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def to_keep(self) -> Self:
        """The error as a fact: its frames would keep the bodies they read, and those of a circle until it is found."""
        self.__cause__ = self.__context__ = None
        return self.with_traceback(None)


class Misconfigured(RegistryError):
    reason = gettext_noop("registry is not set up rightly")


class Unreachable(RegistryError):
    reason = gettext_noop("registry not reachable")


class AddressRefused(Unreachable):
    reason = gettext_noop("address is not allowed")


class InsideNetwork(AddressRefused):
    """The one of these that an approval may help against; `host` is the name that led there."""

    reason = gettext_noop("address is inside a network")

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


class TimedOut(RegistryError):
    reason = gettext_noop("registry timed out")


class CredentialsRefused(RegistryError):
    reason = gettext_noop("credentials refused")


class CredentialsMissing(CredentialsRefused):
    reason = gettext_noop("registry asks for credentials")


class Forbidden(CredentialsRefused):
    """The one of these that says nothing about the next request."""


class NeedsApproval(RegistryError):
    """The registry sends clients to `realm`, an ASCII URL, for tokens, and credentials do not go there unasked.

    The realm is shown, for how else could a person approve it, but not its query, which an approval does not look at.
    """

    reason = gettext_noop("token address needs approval")
    PREFIX: ClassVar[str] = "needs approval: "

    def __init__(self, realm: str) -> None:
        self.realm = realm.partition("?")[0]
        super().__init__(self.PREFIX + printable(self.realm))


class RepositoryMissing(RegistryError):
    reason = gettext_noop("repository not found")


class RateLimited(RegistryError):
    reason = gettext_noop("too many requests")


class Busy(RegistryError):
    reason = gettext_noop("waiting for the registry's other polls")


class OutOfTime(RegistryError):
    reason = gettext_noop("time limit of a poll")


class ServerError(RegistryError):
    reason = gettext_noop("registry answered with an error")


class BadAnswer(RegistryError):
    reason = gettext_noop("registry gave an unreadable answer")


class TooLarge(BadAnswer):
    reason = gettext_noop("registry's answer is too large")


class OutOfOrder(BadAnswer):
    """What was read of the list so far is worth nothing, and it cannot be read in parts."""

    reason = gettext_noop("list of tags is in no order")


class ServersDisagree(RegistryError):
    reason = gettext_noop("registry's servers disagree")


class Cancelled(RegistryError):
    reason = gettext_noop("cancelled")
