"""Bearer tokens: what a token endpoint answers, and keeping them until they expire."""

import json
import math
import re
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from .credential import Credential
from .errors import Cancelled
from .origin import Origin

_LEAST_LIFE = 60.0
_LONGEST_LIFE = 30 * 86400.0
_EARLY = 5.0  # seconds before its end that a token is given up, so that it does not expire on its way


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The body of a token endpoint's 200; `valid_for` in seconds, None: until a 401."""

    token: str = field(repr=False)
    valid_for: float | None
    refresh_token: str | None = field(default=None, repr=False)


def parse_token_answer(body: bytes, now: datetime) -> TokenAnswer | None:
    """None when it holds no token (distribution, docs/content/spec/auth/token.md and oauth.md)."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict):
        return None
    token = next(filter(_is_header_safe, (answer.get("access_token"), answer.get("token"))), None)
    if token is None:
        return None
    refresh = answer.get("refresh_token")
    return TokenAnswer(token, _valid_for(answer, now), refresh if isinstance(refresh, str) and refresh else None)


def _is_header_safe(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\x21-\x7e]+", value) is not None


def _valid_for(answer: dict[str, object], now: datetime) -> float | None:
    if answer.get("expires_in") is None:
        return None
    life = min(max(_number(answer["expires_in"]), _LEAST_LIFE), _LONGEST_LIFE)
    age = (now - _moment(answer.get("issued_at"), now)).total_seconds()
    # Their clock may be wrong: an age that cannot be would keep a dead token for a day or drop a good one at once.
    return life - age if 0 <= age < life else life


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, int | float | str) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return 0.0 if math.isnan(number) else number


def _moment(value: object, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else now
    except ValueError:
        return now
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    scopes: tuple[str, ...]
    expires_at: float  # monotonic seconds

    @classmethod
    def from_answer(cls, answer: TokenAnswer, scopes: tuple[str, ...]) -> "Token":
        life = math.inf if answer.valid_for is None else answer.valid_for - _EARLY
        return cls(answer.token, scopes, time.monotonic() + life)


TokenKey = tuple[Origin, Credential | None, tuple[str, ...]]
"""Who gives the token, to whom, and for which scopes."""


class TokenStore(Protocol):
    """Where several processes keep their tokens together."""

    def get_or_reserve(self, key: TokenKey, refused: str | None) -> Token | None:
        """A token, perhaps after waiting for another process's fetch; None: the caller has to fetch it now."""

    def done(self, key: TokenKey, token: Token) -> None: ...

    def failed(self, key: TokenKey) -> None: ...


class TokenCache:
    """Tokens, with one fetch at a time for each: however many threads need it, and processes that share a `store`."""

    def __init__(self, store: TokenStore | None = None) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tokens: dict[TokenKey, Token] = {}
        self._fetches: dict[TokenKey, Future[Token]] = {}

    def get(self, key: TokenKey, refused: str | None = None) -> Token | None:
        """A token that still lives, unless it is the one the registry has just refused."""
        token = self._tokens.get(key)
        return token if token and token.value != refused and token.expires_at > time.monotonic() else None

    def get_or_reserve(self, key: TokenKey, refused: str | None) -> Token | None:
        """A token, perhaps after waiting for another thread's fetch, whose error is raised here.

        None: the caller has to fetch it now, and to say `done` or `failed` whatever happens, for others wait.
        """
        with self._lock:
            if token := self.get(key, refused):
                return token
            running = self._fetches.get(key)
            if running is None:
                self._fetches[key] = Future()
        if running is not None:
            return running.result()
        try:
            shared = self._store.get_or_reserve(key, refused) if self._store else None
        except BaseException:  # whatever ends this thread's turn, the others that wait for it must hear of it
            self._give_up(key, Cancelled("no token was fetched"))
            raise
        if shared is not None:
            self._keep(key, shared)
        return shared

    def done(self, key: TokenKey, token: Token) -> None:
        self._keep(key, token)
        if self._store:
            self._store.done(key, token)

    def failed(self, key: TokenKey, error: BaseException) -> None:
        self._give_up(key, error)
        if self._store:
            self._store.failed(key)

    def _give_up(self, key: TokenKey, error: BaseException) -> None:
        with self._lock:
            self._fetches.pop(key).set_exception(error)

    def _keep(self, key: TokenKey, token: Token) -> None:
        with self._lock:
            self._tokens[key] = token
            self._fetches.pop(key).set_result(token)
