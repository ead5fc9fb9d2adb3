"""One registry, asked for the tags of a repository and their digests."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar, Self, TypeVar

from . import google, scope
from .auth import Authenticator
from .connection import Resolve, system_resolve
from .errors import BadAnswer, Cancelled, CredentialsRefused, Misconfigured, RateLimited, RegistryError
from .glance import Glance
from .listing import Bulk, Catalog, Listing, Past, Question
from .looking import STOP_CHECK, Looking
from .lookup import Lookup, Observation
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

_WITHOUT_BULK = 900.0
"""Seconds in which a repository is read the plain way after its bulk answer was refused."""


def look_at_all(_tag: str) -> bool:
    return True


class Client:
    """A registry that speaks plain OCI; the kinds in `vendors` override `bulk`, `catalog`, or both.

    Settings that nobody can work with raise nothing here: every answer says so (`check_settings` tells beforehand).
    """

    ADDRESSES: ClassVar[str] = r"(?!)"
    """Expression for the hosts, as people write them, that are surely of this kind; here none."""

    def __init__(self, settings: Settings, *, deadline: float = DEADLINE, resolve: Resolve = system_resolve) -> None:
        self.settings = settings
        self._origin = self._api = _NOWHERE
        self._misconfigured = ""
        chosen: frozenset[Origin] = frozenset()
        try:
            check_settings(settings)
            self._origin = settings.origin
            self._api = Origin.parse(self.api_address(settings))
            chosen = settings.chosen_origins | {self._api}
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
        self._without_bulk: dict[str, float] = {}  # repository -> monotonic time until which it is not tried
        self._closing = threading.Lock()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @classmethod
    def api_address(cls, settings: Settings) -> str:
        """The origin of the vendor's own API, which may have the registry's credentials as the registry itself.

        That of the registry unless somebody set another, or this kind's registry at this address is known to have one.
        """
        return settings.api_address or str(settings.origin)

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        """Whether an answer could only come from a registry of this kind."""
        return False

    def bulk(self, question: Question) -> Bulk | None:
        """All tags of a repository with their digests, in few requests; None where there is no such way.

        May raise RegistryError: then, and when there is nothing in it, the plain way is gone.
        """
        return None

    def listing(
        self,
        repository: str,
        look: Look = look_at_all,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
        past: Past | None = None,
    ) -> Listing:
        """Lists the tags and looks at those that `look` picks; what went wrong is in the answer, never raised.

        What comes in bulk is taken whole, whatever `look` says. `progress(done, total)` is called in this thread after
        each tag. After `stop` is set the answer comes within a moment, with what is known by then; requests under way
        end in the background.
        """
        if not is_repository_name(repository):
            raise InvalidReference(f"{repository!r} is no repository name")
        stop = stop or threading.Event()
        sent = Tally()
        pull = scope.pull(repository)

        def send(request: Request) -> Response:
            return self._send(request, pull, sent)

        def check() -> None:
            if stop.is_set():
                raise Cancelled("stopped while the tags were being listed")

        question = Question(repository, past or Past(), send, check)
        listed, error = self._listed(question, stop)
        observations = list(listed.observations.values())
        failures: dict[str, RegistryError] = {}
        asked = sorted(filter(look, listed.nameless)) if error is None else []
        total = len(observations) + len(asked)
        with Looking(partial(self._look_up, send, repository), asked, self._submit, self._width) as looking:
            for done, (tag, outcome) in enumerate(looking.outcomes(stop), start=len(observations) + 1):
                if isinstance(outcome, Observation):
                    observations.append(outcome)
                else:
                    failures[tag] = outcome
                if progress:
                    progress(done, total)
            told = error or _most_telling(failures, looking.ended_by)
        return Listing(
            repository=repository,
            tags=listed.tags,
            observations=tuple(observations),
            failures=failures,
            complete=error is None,
            error=told,
            sent_at=listed.sent_at,
            received_at=listed.received_at,
            requests=sent.count,
            refused_names=listed.refused_names,
            proves_absence=error is None and listed.proves_absence,
            vouched=listed.vouched,
            history=tuple(listed.history),
            cursor=listed.cursor,
        )

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        """All repositories, where the registry tells; `patterns` say which are wanted, where it must be asked for some.

        They are shell patterns of whole names, such as `shop/*`.
        """
        pages = Pages(self._catalog_request, f"{self._origin}/v2/_catalog", "repositories", is_repository_name)
        walk = pages.walk(self.settings.page_size)
        return Catalog(tuple(sorted(walk.names)), walk.complete, walk.error)

    def glance(self) -> Glance:
        """One harmless request whose answer tells the registry's kind; raises RegistryError when there is none."""
        answer = self._transport.send(Request("GET", f"{self._origin}/v2/_oci/ext/discover"))
        return Glance.of(answer)

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

    def _listed(self, question: Question, stop: threading.Event) -> tuple[Bulk, RegistryError | None]:
        """In a thread of its own, so that a stop need not wait for a page that does not come."""
        begun = datetime.now(UTC)
        try:
            listing = self._submit(partial(self._list, question))
            while not wait([listing], timeout=STOP_CHECK).done:
                if stop.is_set():
                    question.check()
            return listing.result()
        except RegistryError as error:
            return Bulk(begun, datetime.now(UTC)), error

    def _list(self, question: Question) -> tuple[Bulk, RegistryError | None]:
        bulk = self._in_bulk(question)
        if bulk is None:
            return self._plainly(question)
        if bulk.proves_absence and not question.past.digests.keys() <= bulk.tags:
            # What an API leaves out may be what it does not show us: only the registry's own list ends a tag's life.
            walk = self._walk(question)
            bulk.nameless |= walk.names - bulk.tags
            bulk.proves_absence = walk.complete
        return bulk, None

    def _in_bulk(self, question: Question) -> Bulk | None:
        """None when the plain way has to be gone. Raises what speaks for the whole registry: it wants no more now."""
        if self._without_bulk.get(question.repository, 0) > time.monotonic():
            return None
        try:
            bulk = self.bulk(question)
        except (RateLimited, Cancelled):
            raise
        except RegistryError:
            self._without_bulk[question.repository] = time.monotonic() + _WITHOUT_BULK
            return None
        return bulk if bulk and bulk.tags else None

    def _plainly(self, question: Question) -> tuple[Bulk, RegistryError | None]:
        walk = self._walk(question)
        known = google.observations(walk)
        listed = Bulk(walk.sent_at, walk.received_at, known, refused_names=walk.refused_names)
        listed.nameless = walk.names.difference(known) if known else walk.names
        return listed, walk.error

    def _walk(self, question: Question) -> Walk:
        url = f"{self._origin}/v2/{question.repository}/tags/list"
        return Pages(question.send, url, "tags", is_tag_name).walk(self.settings.page_size, question.check)


def _most_telling(failures: Mapping[str, RegistryError], ended_by: RegistryError | None) -> RegistryError | None:
    """What the next poll has to know of: why this one was given up, or else the longest wait asked for."""
    if failures and ended_by is not None:
        return ended_by
    return max(
        failures.values(), key=lambda error: -1 if error.retry_after is None else error.retry_after, default=None
    )
