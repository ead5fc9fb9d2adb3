"""One registry, asked for the tags of a repository and their digests."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self, TypeVar

from . import google, scope
from .auth import Authenticator
from .connection import Resolve, system_resolve
from .errors import BadAnswer, Cancelled, CredentialsRefused, Misconfigured, RegistryError
from .looking import STOP_CHECK, Looking
from .lookup import Lookup, Observation, Send
from .origin import Origin
from .pages import Pages, Walk
from .reference import InvalidReference, is_repository_name, is_tag_name
from .settings import Settings, check_settings
from .status import failure
from .transport import DEADLINE, Request, Response, Tally, Transport

Look = Callable[[str], bool]
Progress = Callable[[int, int], None]
Result = TypeVar("Result")

_NOWHERE = Origin("https", "registry.invalid", 443)
"""Stands in for an address that is none; nothing is ever sent there."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a registry said about a repository, and how sure it is.

    `tags` are all valid names it listed; `observations` and `failures` are about those that were looked at: a tag in
    `failures` got no sure answer, so what was known of it still holds. `complete` is about the names alone: only then
    may a tag that is not among them have ended.
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

    @property
    def skipped(self) -> frozenset[str]:
        """The listed tags that nobody asked for: `look` left them out, or the list itself failed."""
        return self.tags.difference((seen.tag for seen in self.observations), self.failures)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The names of a registry's repositories."""

    names: tuple[str, ...]
    complete: bool
    error: RegistryError | None


def look_at_all(_tag: str) -> bool:
    return True


class Client:
    """Adapters for registries that give many digests at once override `listing`.

    Settings that nobody can work with raise nothing here: every answer says so (`check_settings` tells beforehand).
    """

    def __init__(self, settings: Settings, *, deadline: float = DEADLINE, resolve: Resolve = system_resolve) -> None:
        self.settings = settings
        self._origin, self._misconfigured = _NOWHERE, ""
        chosen: frozenset[Origin] = frozenset()
        try:
            check_settings(settings)
            self._origin = settings.origin
            chosen = settings.chosen_origins
        except ValueError as error:
            self._misconfigured = str(error)
        self._transport = Transport(
            chosen=chosen,
            connections=settings.concurrency,
            ca_certificate=settings.ca_certificate,
            seconds=deadline,
            resolve=resolve,
        )
        self._authenticator = Authenticator(self._origin, settings.credential, settings.approved_realms)
        self._look_up = Lookup(str(self._origin))
        self._width = settings.concurrency
        self._threads = ThreadPoolExecutor(settings.concurrency, thread_name_prefix=self._origin.netloc)
        self._closing = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def listing(
        self,
        repository: str,
        look: Look = look_at_all,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> Listing:
        """Lists the tags and looks at those that `look` picks; what went wrong is in the answer, never raised.

        `progress(done, total)` is called in this thread after each tag. After `stop` is set the answer comes within
        a moment, with what is known by then; requests under way end in the background.
        """
        if not is_repository_name(repository):
            raise InvalidReference(f"{repository!r} is no repository name")
        stop = stop or threading.Event()
        sent = Tally()
        pull = scope.pull(repository)

        def send(request: Request) -> Response:
            return self._send(request, pull, sent)

        walk = self._walk(send, repository, stop)
        known = google.observations(walk)
        names = frozenset(walk.names.union(known) if known else walk.names)
        walk.names.clear()  # of a million tags, one copy is enough
        asked = sorted(filter(look, names)) if walk.error is None else []
        observations = [known[tag] for tag in asked if tag in known]
        failures: dict[str, RegistryError] = {}
        unknown = [tag for tag in asked if tag not in known]
        with Looking(partial(self._look_up, send, repository), unknown, self._submit, self._width) as looking:
            for done, (tag, outcome) in enumerate(looking.outcomes(stop), start=len(observations) + 1):
                if isinstance(outcome, Observation):
                    observations.append(outcome)
                else:
                    failures[tag] = outcome
                if progress:
                    progress(done, len(asked))
            error = walk.error or _most_telling(failures, looking.ended_by)
        return Listing(
            repository=repository,
            tags=names,
            observations=tuple(observations),
            failures=failures,
            complete=walk.complete,
            error=error,
            sent_at=walk.sent_at,
            received_at=walk.received_at,
            requests=sent.count,
            refused_names=walk.refused_names,
        )

    def catalog(self) -> Catalog:
        """All repositories, where the registry tells."""
        pages = Pages(self._catalog_request, f"{self._origin}/v2/_catalog", "repositories", is_repository_name)
        walk = pages.walk(self.settings.page_size)
        return Catalog(tuple(sorted(walk.names)), walk.complete, walk.error)

    def check(self) -> None:
        """Whether a registry answers there and takes the credentials; raises RegistryError in words."""
        try:
            answer = self._send(Request("GET", f"{self._origin}/v2/"), "")
        except CredentialsRefused:
            if self._authenticator.is_anonymous_bearer:
                return  # Quay gives nobody a token for nothing in particular
            raise
        if answer.status == 404:
            raise BadAnswer(f"{self._origin.netloc} is there, but it is no image registry ({answer.request})")
        if answer.status != 200 and not (answer.status == 401 and self._authenticator.is_anonymous_bearer):
            raise failure(answer)

    def close(self) -> None:
        """May be called while another thread lists: what has begun ends as it would, the rest is Cancelled."""
        with self._closing:
            self._closed = True
            self._threads.shutdown(wait=False)
        self._transport.close()

    def _submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Raises Cancelled once the client is closed."""
        with self._closing:
            if self._closed:
                raise Cancelled("the client was closed")
            return self._threads.submit(work)

    def _send(self, request: Request, wanted_scope: str, sent: Tally | None = None) -> Response:
        """Plays the authenticator's flow: it says what to send, the transport sends it."""
        if self._misconfigured:
            raise Misconfigured(self._misconfigured)
        flow = self._authenticator.flow(request, wanted_scope)
        try:
            outgoing = next(flow)
            while True:
                try:
                    answer = self._transport.send(outgoing, sent)
                except RegistryError as error:
                    outgoing = flow.throw(error)
                else:
                    outgoing = flow.send(answer)
        except StopIteration as end:
            response: Response = end.value
            return response
        finally:
            flow.close()

    def _catalog_request(self, request: Request) -> Response:
        return self._send(request, scope.CATALOG)

    def _walk(self, send: Send, repository: str, stop: threading.Event) -> Walk:
        """In a thread of its own, so that a stop need not wait for a page that does not come."""
        cancelled = Cancelled("stopped while the tags were being listed")

        def check() -> None:
            if stop.is_set():
                raise cancelled

        pages = Pages(send, f"{self._origin}/v2/{repository}/tags/list", "tags", is_tag_name)
        try:
            walking = self._submit(partial(pages.walk, self.settings.page_size, check))
        except Cancelled as closed:
            return Walk(error=closed)
        while not wait([walking], timeout=STOP_CHECK).done:
            if stop.is_set():
                return Walk(error=cancelled)
        return walking.result()


def _most_telling(failures: Mapping[str, RegistryError], ended_by: RegistryError | None) -> RegistryError | None:
    """What the next poll has to know of: why this one was given up, or else the longest wait asked for."""
    if failures and ended_by is not None:
        return ended_by
    return max(
        failures.values(), key=lambda error: -1 if error.retry_after is None else error.retry_after, default=None
    )
