"""The only place that sends anything: one adapter per registry, a deadline, ceilings, redirects by hand."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.client import HTTPException, IncompleteRead
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import ClosedPoolError

from .budget import Budget
from .connection import BoundedAdapter, Resolve, system_resolve
from .deadline import deadline, has_passed
from .errors import BadAnswer, Cancelled, RegistryError, TimedOut, TooLarge, Unreachable
from .origin import Origin
from .printable import printable
from .quota import Quota
from .retry_after import seconds_to_wait
from .tls import Identity

DEADLINE = 30.0
"""Seconds for one request with its redirects, from the look-up of the name to the last byte of the body."""

MIB = 2**20
PAGE_CEILING = 32 * MIB
MANIFEST_CEILING = 4 * MIB
SMALL_CEILING = MIB
"""Decoded bytes of a body: a page of a list, a manifest, and for tokens and errors."""

_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    ceiling: int = SMALL_CEILING
    redirects: int = 0
    """How many have led here, of those that one request may meet."""
    redirected_from: "Request | None" = field(default=None, repr=False)
    closes: bool = False
    """Whether its connection is closed after it, so that a balancer chooses a server anew for the next one."""

    @property
    def original(self) -> "Request":
        """The request as we chose it, before a registry's redirects."""
        return self.redirected_from or self

    @property
    def host(self) -> str:
        """For messages: where this goes, which a redirect or a realm may have chosen."""
        return printable(urlsplit(self.url).netloc)

    def with_header(self, name: str, value: str) -> "Request":
        return replace(self, headers={**self.headers, name: value})

    def redirected(self, target: str) -> "Request":
        headers = self.headers
        if Origin.parse(target) != Origin.parse(self.url):
            headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        return replace(self, url=target, headers=headers, redirects=self.redirects + 1, redirected_from=self.original)

    def __str__(self) -> str:
        """For messages: no query, for cursors and services are nobody's business and may be secrets.

        Nor the path of a redirect, which the registry chose: stores sign such paths.
        """
        return f"{self.method} {printable(urlsplit(self.original.url).path) or '/'}"


@dataclass(frozen=True, slots=True)
class Response:
    """The answer at the end of all redirects; `url` is where it came from."""

    request: Request
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    sent_at: datetime
    received_at: datetime


class Tally:
    """Requests sent, counted by several threads, and the last that their answers said of how many are left."""

    def __init__(self) -> None:
        self.count = 0
        self.quota: Quota | None = None
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self.count += 1


class Transport:
    """Sends requests for one registry; raises RegistryError in words when there is no answer at all.

    `chosen` are the origins that a person chose; any other may not be at an address inside a network. The `budget`
    admits each request, and hears of each 429, a token server's too. `resolve` replaces the system's look-up of names,
    which tests do to bring any host to their own server.
    """

    def __init__(
        self,
        *,
        chosen: frozenset[Origin],
        budget: Budget,
        connections: int = 8,
        ca_certificate: str = "",
        identity: Identity | None = None,
        seconds: float = DEADLINE,
        resolve: Resolve = system_resolve,
    ) -> None:
        self._seconds = seconds
        self._budget = budget
        # Without a session: its environment could put a .netrc password, a proxy or other certificates in place of what
        # the registry was set up with, a cookie (Harbor sets one) changes what later answers show, and following a
        # redirect is done by hand, where it would read and decode the whole body to offer it.
        self._adapter = BoundedAdapter(
            resolve=resolve,
            chosen=chosen,
            connections=connections,
            ca_certificate=ca_certificate,
            identity=identity,
        )

    def send(self, request: Request, sent: Tally | None = None) -> Response:
        """The answer, whatever its status; `sent_at` is before its first byte left, `received_at` after it came.

        `sent` counts what was sent for it, redirects included.
        """
        sent = sent or Tally()
        with self._budget.request():
            answer = self._answer(request, sent)
        if answer.status == 429:
            self._budget.refused(seconds_to_wait(answer.headers.get("Retry-After"), answer.received_at))
        return answer

    def close(self) -> None:
        self._adapter.close()

    def _answer(self, request: Request, sent: Tally) -> Response:
        with deadline(self._seconds):
            sent_at = datetime.now(UTC)
            answer = self._exchange(request, sent_at, sent)
            while (target := _redirect_target(answer)) is not None:
                if answer.request.redirects == _MOST_REDIRECTS:
                    raise BadAnswer(f"{request.original.host} redirects without end ({request})")
                answer = self._exchange(answer.request.redirected(target), sent_at, sent)
            return answer

    def _exchange(self, request: Request, sent_at: datetime, sent: Tally) -> Response:
        try:
            try:
                return self._exchange_once(request, sent_at, sent)
            except requests.ConnectionError as error:
                # A kept connection may be closed by the registry at the very moment it is used again.
                if request.method not in {"GET", "HEAD"} or not _was_dropped(error):
                    raise
                return self._exchange_once(request, sent_at, sent)
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            raise self._in_words(error, request) from error

    def _exchange_once(self, request: Request, sent_at: datetime, sent: Tally) -> Response:
        sent.add()
        raw = self._adapter.send(_prepared(request), stream=True)
        try:
            body = b"" if raw.status_code in _REDIRECTS else _body(raw, request)
            return Response(request, request.url, raw.status_code, raw.raw.headers, body, sent_at, datetime.now(UTC))
        finally:
            if request.method == "HEAD" and not request.closes:
                raw.raw.drain_conn()  # nothing comes, and so the connection goes back to the pool
            else:
                raw.close()

    def _in_words(self, error: Exception, request: Request) -> RegistryError:
        host = request.host
        causes = list(_causes(error))
        if has_passed() or any(isinstance(cause, TimeoutError) for cause in causes):
            return TimedOut(f"{host} timed out after {self._seconds:g} s ({request})")
        if any(isinstance(cause, ClosedPoolError) for cause in causes):
            return Cancelled(f"the client was closed ({request})")
        if any(isinstance(cause, socket.gaierror | UnicodeError) for cause in causes):
            return Unreachable(f"the name {host} cannot be looked up ({request})")
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            return Unreachable(f"the certificate of {host} is not trusted ({request})")
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return Unreachable(f"{host} does not speak TLS as it should ({request})")
        if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
            return Unreachable(f"{host} refused the connection ({request})")
        if any(isinstance(cause, IncompleteRead) for cause in causes):
            return BadAnswer(f"{host} cut its answer short ({request})")
        if any(isinstance(cause, OSError) and cause.errno is not None for cause in causes) or _was_dropped(error):
            return Unreachable(f"the connection to {host} failed ({request})")
        return BadAnswer(f"{host} gave an answer that is not HTTP as it should be ({request})")


def _prepared(request: Request) -> requests.PreparedRequest:
    """Filled by hand: requests would parse the URL and merge cookies and environment for every HEAD."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body = request.method, request.url, request.body
    prepared.headers = CaseInsensitiveDict({"User-Agent": "RegistryViewer", "Accept-Encoding": "identity"})
    prepared.headers.update(request.headers)
    if request.closes:
        prepared.headers["Connection"] = "close"
    if request.body is not None:
        prepared.headers["Content-Length"] = str(len(request.body))
    return prepared


def _body(raw: requests.Response, request: Request) -> bytes:
    if request.method == "HEAD":
        return b""
    if raw.status_code < 400:
        return _read(raw, request, request.ceiling)
    try:
        return _read(raw, request, SMALL_CEILING)
    except BadAnswer:
        return b""  # the status says enough


def _read(raw: requests.Response, request: Request, ceiling: int) -> bytes:
    """The decoded body. Decoding goes in small steps: a bomb has grown to the ceiling, no further, when it is found."""
    if raw.raw.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
        raise BadAnswer(f"{request.host} packed its answer in a way nobody asked for ({request})")
    body = bytearray()
    for chunk in raw.iter_content(_CHUNK):
        body += chunk
        if len(body) > ceiling:
            raise TooLarge(f"{request.host} sent more than {ceiling // MIB} MiB ({request})")
    return bytes(body)


def _redirect_target(answer: Response) -> str | None:
    location = answer.headers.get("Location")
    if answer.status not in _REDIRECTS or not location:
        return None
    refusal = BadAnswer(f"{answer.request.host} redirects to where nothing may be sent ({answer.request})")
    try:
        target = urljoin(answer.url, location)
        there = Origin.parse(target)
    except ValueError as error:
        raise refusal from error
    is_url = re.fullmatch(r"[!-~]+", target) is not None
    if not is_url or answer.request.method not in {"GET", "HEAD"} or _steps_down(answer.url, there):
        raise refusal
    return target


def _steps_down(url: str, target: Origin) -> bool:
    return target.scheme == "http" and Origin.parse(url).scheme == "https"


def _was_dropped(error: Exception) -> bool:
    """Closed by the other side before it said anything (RemoteDisconnected is a ConnectionResetError)."""
    return any(isinstance(cause, ConnectionResetError | BrokenPipeError) for cause in _causes(error))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it: what urllib3 names as a cause may be new, and the context what happened."""
    if error is not None:
        yield error
        yield from _causes(error.__cause__)
        if error.__context__ is not error.__cause__:
            yield from _causes(error.__context__)
