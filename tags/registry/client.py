"""One registry, asked for the tags of a repository and their digests."""

import re
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar, Self

from . import agreement, manifest_map, scope
from .auth import Authenticator
from .budget import Budget, Share
from .connection import Resolve, system_resolve
from .credential import CredentialSource
from .description import Description, describe
from .errors import (
    BadAnswer,
    Busy,
    Cancelled,
    CredentialsRefused,
    Misconfigured,
    RateLimited,
    RegistryError,
    ServerError,
    TimedOut,
    Unreachable,
)
from .glance import Glance
from .leftout import LeftOut
from .listing import Bulk, Catalog, Listing, Past, Question, Span
from .looking import STOP_CHECK, Looking
from .lookup import Lookup, Observation
from .origin import Origin
from .pages import Pages, Part, Walk
from .quota import Quota, parse_quota
from .reference import InvalidReference, is_repository_name, is_tag_name
from .refusals import Refusals
from .settings import Settings, check_settings
from .status import failure
from .threads import Threads
from .tls import Identity
from .tokens import TokenCache
from .transport import DEADLINE, Request, Response, Tally, Transport
from .verified import Verified

Look = Callable[[Set[str], Span], Collection[str]]
"""Picks those that are worth a request of their own, of all tags in a span whose digests came not with their names.

And of those that are not among them what is known to have been there: see `Client.listing`.
"""

Progress = Callable[[int, int], None]

_NOWHERE = Origin("https", "registry.invalid", 443)
"""Stands in for an address that is none; nothing is ever sent there."""

_WITHOUT_BULK = 900.0
"""Seconds in which a repository is read the plain way after its bulk answer was refused."""

_PASSING = frozenset({429, 502, 503, 504})
"""Statuses that tell nothing of a registry but that it has no time, or that only its proxy is there."""


def look_at_all(tags: Set[str], _span: Span) -> Collection[str]:
    return tags


class Client:
    """A registry that speaks plain OCI; the kinds in `vendors` override `bulk`, `catalog`, or both.

    Settings that nobody can work with raise nothing here: every answer says so (`check_settings` tells beforehand).
    """

    NAME: ClassVar[str] = "any OCI registry"
    """The kind, as people know it."""

    ADDRESSES: ClassVar[str] = r"(?!)"
    """Expression for the hosts, as people write them, that are surely of this kind; here none."""

    API: ClassVar[str] = ""
    """Where the vendor's own API is for those hosts; empty: at the registry."""

    LAG: ClassVar[timedelta] = timedelta()
    """How far what `bulk` says may be behind the registry: an index or a copy is not the registry itself."""

    def __init__(
        self,
        settings: Settings,
        *,
        budget: Budget | None = None,
        tokens: TokenCache | None = None,
        deadline: float = DEADLINE,
        resolve: Resolve = system_resolve,
    ) -> None:
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
        self.budget = budget or Budget(self._origin.netloc, settings.concurrency, settings.requests_per_minute)
        self._transport = Transport(
            chosen=chosen,
            budget=self.budget,
            connections=settings.concurrency,
            ca_certificate=settings.ca_certificate,
            identity=Identity(self._origin, settings.client_certificate) if settings.client_certificate else None,
            seconds=deadline,
            resolve=resolve,
        )
        self._set_up_credentials = settings.credentials
        self._refusals = Refusals()
        self._authenticator = Authenticator(
            self._origin, self._credentials(), settings.approved_realms, tokens, self._refusals
        )
        self._look_up = Lookup(str(self._origin))
        self._threads = Threads(settings.concurrency, self._origin.netloc)
        self._without_bulk: dict[str, float] = {}  # repository -> monotonic time until which it is not tried

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @classmethod
    def api_address(cls, settings: Settings) -> str:
        """The origin of the vendor's own API, which may have the registry's credentials as the registry itself.

        That of the registry unless somebody set another, or this kind's registry at this address is known to have one.
        """
        of_the_vendor = cls.API if re.fullmatch(cls.ADDRESSES, settings.address.lower()) else ""
        return settings.api_address or of_the_vendor or str(settings.origin)

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
        part: Part | None = None,
    ) -> Listing:
        """Lists the tags and looks at those that `look` picks; what went wrong is in the answer, never raised.

        With a `part` it stops when that is enough, and the answer says where the next one begins: not where the tags
        come in bulk, or in no order.

        What comes in bulk is taken whole, whatever `look` says. What it picks and the list leaves out is asked for too,
        for a server may lag behind: a tag that is there, or gives no answer, is taken as listed. Where there are too
        many to ask for all, and one is, nobody can say what of the others is gone: the list proves no absence.
        `progress(done, total)` is called in this thread after each tag. After `stop` is set the answer comes within a
        moment, with what is known by then; requests under way end in the background.
        """
        if not is_repository_name(repository):
            raise InvalidReference(f"{repository!r} is no repository name")
        stop = stop or threading.Event()
        sent = Tally()
        pull = self._scope(repository)

        def send(request: Request) -> Response:
            return self._send(request, pull, sent)

        def check() -> None:
            if stop.is_set():
                raise Cancelled("stopped while the tags were being listed")

        past = self._own_past(past or Past())
        question = Question(repository, past, send, partial(self._send_as_is, sent=sent), check, part)
        with Share(self.budget) as share:
            listed, error = self._listed(question, stop, share)
            picked = set(look(listed.nameless, listed.span)) if error is None else set()
            left_out = LeftOut.of(picked - listed.tags if listed.proves_absence else set())
            asked = sorted((picked & listed.nameless) | left_out.asked)
            told_already = len(listed.observations)

            def tell(done: int) -> None:
                if progress:
                    progress(told_already + done, told_already + len(asked))

            seen, failures, ended_by = self._looks(partial(self._look_up, send, repository), asked, share, stop, tell)
            told = error or _most_telling(failures, ended_by)
        self._keep_silence_after(told)
        kept = left_out.kept(seen, failures)
        return Listing(
            repository=repository,
            tags=listed.tags | kept,
            observations=(*listed.observations.values(), *left_out.without_gone(seen)),
            failures=failures,
            complete=error is None,
            error=told,
            sent_at=listed.sent_at,
            received_at=listed.received_at,
            requests=sent.count,
            refused_names=listed.refused_names,
            refused_example=listed.refused_example,
            is_strange=listed.is_strange,
            proves_absence=error is None and listed.proves_absence and not left_out.leaves_unsure(kept),
            kept=frozenset(kept),
            vouched=listed.vouched,
            history=tuple(listed.history),
            cursor=listed.cursor and self._mark + listed.cursor,
            span=listed.span,
            goes_on_at=listed.goes_on_at,
            quota=sent.quota,
            silent_for=self.budget.silent_for,
        )

    def ask_again(self, listing: Listing, tags: Set[str], stop: threading.Event | None = None) -> Listing:
        """The listing without what not all servers behind the registry's address say of these tags.

        Each question has a connection of its own. What was observed of a tag stays as it was if all further answers are
        the same, and what is not listed stays so if all say that there is no such tag; else the tag is listed and among
        the failures, as it is without an answer. Where there are too many that are listed, or that are not, some are
        asked for, and what one of them meets holds for all that are not. Never raises; `stop` as in `listing`.
        """
        stop = stop or threading.Event()
        sent = Tally()
        pull = self._scope(listing.repository)

        def send(request: Request) -> Response:
            return self._send(replace(request, closes=True), pull, sent)

        def check() -> None:
            if stop.is_set():
                raise Cancelled("stopped before the tags were asked for again")

        samples = agreement.samples(listing, tags)
        asked = sorted(set().union(*(sample.asked for sample in samples)))
        first = agreement.first_answers(listing, {*asked})

        def look_up(tag: str) -> Observation:
            once_more = partial(self._look_up, send, listing.repository)
            return agreement.agreed(once_more, first[tag], self._origin.netloc)

        with Share(self.budget) as share:
            try:
                share.wait(check)
            except RegistryError as error:
                ended_by: RegistryError | None = error.to_keep()
                failures = dict.fromkeys(asked, error)
            else:
                _seen, failures, ended_by = self._looks(look_up, asked, share, stop)
        failures = {tag: error for sample in samples for tag, error in sample.failures(failures).items()}
        told = ended_by or listing.error or _most_telling(failures, None)
        self._keep_silence_after(told)
        return replace(
            listing,
            tags=listing.tags.union(failures),
            kept=listing.kept | (failures.keys() - listing.tags),
            observations=tuple(seen for seen in listing.observations if seen.tag not in failures),
            failures={**listing.failures, **failures},
            error=told,
            requests=listing.requests + sent.count,
            quota=sent.quota or listing.quota,
            silent_for=self.budget.silent_for,
            asked_again=listing.asked_again | tags,
        )

    def describe(self, repository: str, digest: str, sent: Tally | None = None) -> Description:
        """What the image of that digest is, in three requests at most as a rule; raises RegistryError."""
        send = partial(self._send, wanted_scope=self._scope(repository), sent=sent)
        return describe(Verified(send, str(self._origin), repository), digest)

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        """All repositories, where the registry tells; `patterns` say which are wanted, where it must be asked for some.

        They are shell patterns of whole names, such as `shop/*`.
        """
        pages = Pages(self._catalog_request, f"{self._origin}/v2/_catalog", "repositories", is_repository_name)
        walk = pages.walk(self.settings.page_size)
        return Catalog(tuple(sorted(walk.names)), walk.complete, walk.error)

    def glance(self) -> Glance:
        """A harmless look whose answer tells the registry's kind; raises RegistryError when there is none.

        It goes without credentials. Where it only asks for a password, another one goes with ours, if we have one.
        """
        request = Request("GET", f"{self._origin}/v2/_oci/ext/discover")
        answer = self._send_as_is(request)
        if answer.status == 404:  # Harbor and Quay say where to get tokens only at addresses that they know
            request = Request("GET", f"{self._origin}/v2/")
            answer = self._send_as_is(request)
        if Glance.of(answer).asks_for_a_password and self._credentials():
            answer = self._send(request, "")
        if answer.status in _PASSING:
            raise failure(answer)
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
        self._threads.close()
        self._transport.close()

    def _keep_silence_after(self, error: RegistryError | None) -> None:
        """Some say that they had too many requests with another status than 429."""
        if isinstance(error, RateLimited) and not self.budget.silent_for:
            self.budget.refused(error.retry_after)

    def _scope(self, repository: str) -> str:
        """What a token must allow for its tags to be listed and looked at."""
        return scope.pull(repository)

    def _credentials(self) -> CredentialSource | None:
        """What lets us in at the registry's own origin: what a person typed, or what it buys."""
        return self._set_up_credentials

    def _looks(
        self,
        look_up: Callable[[str], Observation],
        tags: list[str],
        share: Share,
        stop: threading.Event,
        tell: Callable[[int], None] = lambda _done: None,
    ) -> tuple[list[Observation], dict[str, RegistryError], RegistryError | None]:
        """What was seen of these tags, what failed, and what made an end of it; `tell` is called after each."""
        seen: list[Observation] = []
        failures: dict[str, RegistryError] = {}
        share.want(min(self.budget.width, len(tags)))
        with Looking(look_up, tags, partial(self._threads.submit, share), share) as looking:
            for done, (tag, outcome) in enumerate(looking.outcomes(stop), start=1):
                if isinstance(outcome, Observation):
                    seen.append(outcome)
                else:
                    failures[tag] = outcome
                tell(done)
            return seen, failures, looking.ended_by

    def _send(self, request: Request, wanted_scope: str, sent: Tally | None = None) -> Response:
        """Plays the authenticator's flow: it says what to send, the transport sends it."""
        flow = self._authenticator.flow(request, wanted_scope)
        try:
            outgoing = next(flow)
            while True:
                try:
                    answer = self._transmit(outgoing, sent)
                except RegistryError as error:
                    outgoing = flow.throw(error)
                else:
                    outgoing = flow.send(answer)
        except StopIteration as end:
            response: Response = end.value
            return response
        finally:
            flow.close()

    def _send_as_is(self, request: Request, sent: Tally | None = None) -> Response:
        """With the authorization it brings, as long as that is not refused time after time."""
        shown = request.headers.get("Authorization", "") if self._shows_ours(request) else ""
        self._refusals.check(shown, request.host)
        answer = self._transmit(request, sent)
        if shown and Origin.parse(answer.url) == Origin.parse(request.url):
            if answer.status == 401:
                self._refusals.refused(shown)
            else:
                self._refusals.taken(shown)
        return answer

    def _shows_ours(self, request: Request) -> bool:
        """Whether its authorization, if it has one, is what somebody set up, and not what the API gave us for it."""
        return True

    def _transmit(self, request: Request, sent: Tally | None) -> Response:
        if self._misconfigured:
            raise Misconfigured(self._misconfigured)
        answer = self._transport.send(request, sent)
        if sent:
            sent.quota = self._quota_of(answer) or sent.quota
        return answer

    def _quota_of(self, answer: Response) -> Quota | None:
        """What is left at the registry itself, or at its API where that says until when; never elsewhere."""
        quota, there = parse_quota(answer.headers), Origin.parse(answer.url)
        if there == self._origin or (there == self._api and quota and (quota.window or quota.resets_at)):
            return quota
        return None

    def _catalog_request(self, request: Request) -> Response:
        return self._send(request, scope.CATALOG)

    def _listed(self, question: Question, stop: threading.Event, share: Share) -> tuple[Bulk, RegistryError | None]:
        """In a thread of its own, so that a stop need not wait for a page that does not come."""
        begun = datetime.now(UTC)
        try:
            share.wait(question.check)
            listing = self._threads.submit(share, partial(self._list, question))
            while not wait([listing], timeout=STOP_CHECK).done:
                if stop.is_set():
                    question.check()
            return listing.result()
        except RegistryError as error:
            return Bulk(begun, datetime.now(UTC)), error.to_keep()

    def _list(self, question: Question) -> tuple[Bulk, RegistryError | None]:
        bulk = None if question.part and question.part.begin else self._in_bulk(question)
        if bulk is None:
            listed, error = self._plainly(question)
            return listed, error or self._emptiness_belied(question, listed)
        if bulk.proves_absence and not question.past.names <= bulk.tags:
            # What an API leaves out may be what it does not show us: only the registry's own list ends a tag's life.
            walk = self._walk(question)
            bulk.nameless |= walk.names - bulk.tags
            bulk.proves_absence = walk.complete
            if walk.complete:
                bulk.vouched &= walk.names
        return bulk, None

    def _in_bulk(self, question: Question) -> Bulk | None:
        """None when the plain way has to be gone. Raises what speaks for the whole registry: it wants no more now."""
        if self._without_bulk.get(question.repository, 0) > time.monotonic():
            return None
        try:
            bulk = self.bulk(question)
        except (RateLimited, Busy, Cancelled):
            raise
        except (ServerError, TimedOut, Unreachable):
            return None  # that will pass, and a history may be lost for each poll without it
        except RegistryError:
            self._without_bulk[question.repository] = time.monotonic() + _WITHOUT_BULK
            return None
        if not (bulk and bulk.tags):
            return None
        if self.LAG:
            bulk.sent_at -= self.LAG
            for tag, seen in bulk.observations.items():
                bulk.observations[tag] = replace(seen, sent_at=seen.sent_at - self.LAG)
        return bulk

    @property
    def _mark(self) -> str:
        """Stands before each cursor: only who asks in the same way at the same place can use it again."""
        return f"{type(self).__name__} {self._api} "

    def _own_past(self, past: Past) -> Past:
        is_ours = past.cursor.startswith(self._mark)
        return replace(past, cursor=past.cursor.removeprefix(self._mark) if is_ours else "")

    def _plainly(self, question: Question) -> tuple[Bulk, RegistryError | None]:
        walk = self._walk(question, question.part)
        known = manifest_map.observations(walk)
        listed = Bulk(walk.sent_at, walk.received_at, known)
        listed.refused_names, listed.refused_example = walk.refused_names, walk.refused_example
        listed.is_strange = walk.is_strange
        listed.nameless = walk.names.difference(known) if known else walk.names
        begin = question.part.begin if question.part else None
        is_whole = walk.goes_on_at is None and walk.error is None
        listed.span = Span(begin.after if begin else "", None if is_whole or not walk.is_sorted else walk.last)
        listed.goes_on_at = walk.goes_on_at
        return listed, walk.error

    def _emptiness_belied(self, question: Question, listed: Bulk) -> BadAnswer | None:
        """An empty list where there were tags is held against one of them: if that is there, the list is worth nothing.

        Half an answer, or that of something in between, can look like a repository that was emptied.
        """
        is_empty = not listed.tags and listed.span.is_all
        tag = min(question.past.names - listed.tags, default=None) if is_empty else None
        if tag is None:
            return None
        try:
            is_there = self._look_up(question.send, question.repository, tag).digest is not None
        except RegistryError:
            return None
        return BadAnswer(f"{self._origin.netloc} lists no tags, and yet {tag} is there") if is_there else None

    def _walk(self, question: Question, part: Part | None = None) -> Walk:
        url = f"{self._origin}/v2/{question.repository}/tags/list"
        pages = Pages(question.send, url, "tags", is_tag_name, question.repository)
        return pages.walk(self.settings.page_size, question.check, part)


def _most_telling(failures: Mapping[str, RegistryError], ended_by: RegistryError | None) -> RegistryError | None:
    """What the next poll has to know of: why this one was given up, or else the longest wait asked for."""
    if failures and ended_by is not None:
        return ended_by
    return max(
        failures.values(), key=lambda error: -1 if error.retry_after is None else error.retry_after, default=None
    )
