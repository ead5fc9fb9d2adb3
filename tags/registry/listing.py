"""What a registry said about a repository, what is handed to it from earlier listings, and the list of repositories."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple, Self

from .errors import RegistryError
from .lookup import Observation, Send
from .pages import Part, Place
from .quota import Quota


@dataclass(frozen=True, slots=True)
class Spell:
    """From `since` to `until` (None: still), to the second, the tag pointed to the digest: a registry's own history."""

    tag: str
    digest: str
    since: datetime
    until: datetime | None


class Span(NamedTuple):
    """The names that come after one, and none after `upto` (None: to the end), in the order of their bytes."""

    after: str = ""
    upto: str | None = None

    @property
    def is_all(self) -> bool:
        return self == ALL

    def meets(self, other: "Span") -> bool:
        """Whether a name may lie in both."""
        ends_before = self.upto is not None and self.upto <= other.after
        return not ends_before and not (other.upto is not None and other.upto <= self.after)


ALL = Span()


@dataclass(frozen=True, slots=True)
class Listing:
    """What a registry said about a repository, and how sure it is.

    `tags` are all valid names there are; `observations` and `failures` are about those that were looked at: a tag in
    `failures` got no sure answer, so what was known of it still holds. `vouched` are tags that nobody named, because
    the registry says that nothing changed about them since the listing that gave the cursor. `complete` says that
    everything asked for came; only when `proves_absence` too may a tag that is not among them have ended.
    All of that is about the names of its `span`, which is less than all when a part was asked for, and more is to come.
    """

    repository: str
    tags: frozenset[str]
    observations: tuple[Observation, ...]
    failures: Mapping[str, RegistryError]
    complete: bool
    error: RegistryError | None
    sent_at: datetime
    received_at: datetime
    requests: int
    refused_names: int
    proves_absence: bool = True
    vouched: frozenset[str] = frozenset()
    history: tuple[Spell, ...] = ()
    cursor: str = ""
    """To be handed in with the next question; only the adapter that made it can read it."""
    span: Span = ALL
    goes_on_at: Place | None = None
    """Where the next part begins."""
    quota: Quota | None = None
    """The last that an answer said of how many requests are left."""
    refused_example: str = ""
    """One of the names that are none, printable."""
    is_strange: bool = False
    """Whether it may not be the list it should be, by what it says of itself: what it leaves out proves little."""
    silent_for: float = 0.0
    """Seconds in which nothing may be sent to the registry, which had too many requests."""
    kept: frozenset[str] = frozenset()
    """Tags that the list itself left out, and that are taken as listed: what else is there it need not know either."""
    asked_again: frozenset[str] = frozenset()
    """Tags of which one answer was not enough: those that are among the observations got the same one each time."""

    @classmethod
    def of_nothing(cls, repository: str, at: datetime, error: RegistryError | None = None) -> Self:
        """What is there to say of a poll that never came to ask."""
        return cls(
            repository=repository,
            tags=frozenset(),
            observations=(),
            failures={},
            complete=False,
            error=error,
            sent_at=at,
            received_at=at,
            requests=0,
            refused_names=0,
            span=Span(upto=""),
        )

    def shifted(self, by: timedelta) -> Self:
        """As somebody would have seen it whose clock is so far ahead of ours."""
        if not by:
            return self
        seen = (replace(one, sent_at=one.sent_at + by, received_at=one.received_at + by) for one in self.observations)
        sent_at, received_at = self.sent_at + by, self.received_at + by
        return replace(self, observations=tuple(seen), sent_at=sent_at, received_at=received_at)

    def seen_by(self, now: datetime, begun: datetime) -> Self:
        """With what lies in the future, for our clock was set back meanwhile, seen at any time from `begun` on."""
        if max((one.received_at for one in self.observations), default=self.received_at) <= now >= self.received_at:
            return self
        seen = (
            one if one.received_at <= now else replace(one, sent_at=min(one.sent_at, begun), received_at=now)
            for one in self.observations
        )
        sent_at, received_at = min(self.sent_at, begun), min(self.received_at, now)
        return replace(self, observations=tuple(seen), sent_at=sent_at, received_at=received_at)

    @property
    def skipped(self) -> frozenset[str]:
        """The listed tags that nobody asked for: `look` left them out, or the list itself failed."""
        return self.tags.difference((seen.tag for seen in self.observations), self.failures, self.vouched)


@dataclass(frozen=True)
class Past:
    """What is known of a repository from earlier listings; the tags are read only by who needs them."""

    cursor: str = ""
    """That of the last listing; empty when everything is to be read again, as it is once a day at least."""
    read: Callable[[], Mapping[str, str | None]] = field(default=dict, repr=False)
    """All tags that are there, with their digests where they are known."""

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Tag to digest, of the tags that are there and have one."""
        return {tag: digest for tag, digest in self._tags.items() if digest is not None}

    @property
    def names(self) -> Set[str]:
        """All tags that are there."""
        return self._tags.keys()

    @cached_property
    def _tags(self) -> Mapping[str, str | None]:
        return self.read()


@dataclass(frozen=True, slots=True)
class Question:
    """One repository to be listed in bulk, and the means to do it."""

    repository: str
    past: Past
    send: Send
    """Sends a request, with what the registry's own origin wants for authorization, and counts it."""
    send_as_is: Send
    """Sends a request with the authorization it brings and no other, and counts it: a vendor's API may want its own."""
    check: Callable[[], None]
    """Raises Cancelled when somebody wants to stop: to be called before each further page."""
    part: Part | None = None
    """Where the names may come in parts: which of them."""


@dataclass(slots=True)
class Bulk:
    """Many tags with their digests, as an adapter read them; the fields mean what they mean in a Listing."""

    sent_at: datetime
    received_at: datetime
    observations: dict[str, Observation] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    """Tags that are there, but whose digest was not told: each is looked up by itself."""
    vouched: frozenset[str] = frozenset()
    proves_absence: bool = True
    history: list[Spell] = field(default_factory=list)
    cursor: str = ""
    refused_names: int = 0
    refused_example: str = ""
    is_strange: bool = False
    span: Span = ALL
    goes_on_at: Place | None = None

    @property
    def tags(self) -> frozenset[str]:
        return self.vouched.union(self.observations, self.nameless)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The names of a registry's repositories."""

    names: tuple[str, ...]
    complete: bool
    error: RegistryError | None
