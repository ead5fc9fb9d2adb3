"""What the workers know together, kept in the broker's Redis: each registry's account, and its tokens.

It is never needed: without a Redis, and as long as it does not answer, each process goes by what it knows itself.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, TypeVar, cast

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from redis.backoff import NoBackoff
from redis.retry import Retry

from tags.encryption import decrypt, encrypt
from tags.registry.account import Account
from tags.registry.budget import OwnLedger
from tags.registry.tokens import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.client import Pipeline

    from tags.registry.budget import Ledger
    from tags.registry.tokens import TokenKey, TokenStore

SECONDS_TO_ANSWER = 1
SECONDS_LEFT_ALONE = 30  # after it did not
LONGEST_ACCOUNT = 7 * 3600  # seconds: more than any silence and the caution after it
LONGEST_TOKEN = 86400  # seconds that a token is kept which nobody said the end of
SECONDS_TO_FETCH = 35  # more than a request for a token may take
PATIENCE = 10  # seconds to wait for a token that another process fetches
TRY_AGAIN = 0.05

DELETE_THE_SAME = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"

Result = TypeVar("Result")


class Gone(Exception):
    """The Redis does not answer, or did not a moment ago."""


class Shared:
    """A Redis that may go away at any time: then it is left alone for a while, and costs nobody any more time."""

    def __init__(self, url: str, *, seconds_left_alone: float = SECONDS_LEFT_ALONE) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_connect_timeout=SECONDS_TO_ANSWER,
            retry=Retry(NoBackoff(), 1),  # a connection may have been closed while nobody used it
        )
        self._seconds_left_alone = seconds_left_alone
        self._gone_until = -math.inf

    def ask(self, question: Callable[[redis.Redis], Result]) -> Result:
        """Raises Gone, and never anything of Redis."""
        if time.monotonic() < self._gone_until:
            raise Gone
        try:
            return question(self._redis)
        except redis.RedisError as error:
            self._gone_until = time.monotonic() + self._seconds_left_alone
            raise Gone from error


class SharedLedger:
    """Keeps the account of one registry for all workers."""

    def __init__(self, shared: Shared, registry: str) -> None:
        self._shared = shared
        self._key = _key("account", registry)
        self._own = OwnLedger()

    def change(self, change: Callable[[Account, float], Result]) -> Result:
        result: Result

        def transact(pipe: Pipeline) -> None:  # again and again, until nobody came between
            nonlocal result
            seconds, microseconds = pipe.time()
            account = _account(cast("bytes | None", pipe.get(self._key)))
            result = change(account, seconds + microseconds / 1e6)
            pipe.multi()
            pipe.set(self._key, json.dumps(asdict(account)), ex=LONGEST_ACCOUNT)

        try:
            self._shared.ask(lambda client: client.transaction(transact, self._key))
            return result
        except Gone:
            return self._own.change(change)


class SharedTokens:
    """Keeps tokens for all workers: encrypted, under names that tell nothing, for as long as they live."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def get_or_reserve(self, key: TokenKey, refused: str | None) -> Token | None:
        end = time.monotonic() + PATIENCE
        try:
            while True:
                reserved = self._shared.ask(lambda client: client.set(_fetch(key), 1, nx=True, ex=SECONDS_TO_FETCH))
                # Asked for after that, for whoever had reserved it may just have been done.
                if token := self._shared.ask(lambda client: self._get(client, key, refused)):
                    if reserved:
                        self.failed(key)
                    return token
                if reserved or time.monotonic() >= end:
                    return None
                time.sleep(TRY_AGAIN)
        except Gone:
            return None

    def done(self, key: TokenKey, token: Token) -> None:
        life = min(token.expires_at - time.monotonic(), LONGEST_TOKEN)

        def keep(client: redis.Redis) -> None:
            if life > 0:
                client.set(_name(key), encrypt(token.value), px=math.ceil(life * 1000))
            client.delete(_fetch(key))

        self._try(keep)

    def failed(self, key: TokenKey) -> None:
        """Whoever waits may try it now."""
        self._try(lambda client: client.delete(_fetch(key)))

    def _get(self, client: redis.Redis, key: TokenKey, refused: str | None) -> Token | None:
        with client.pipeline() as both:
            both.get(_name(key))
            both.pttl(_name(key))
            kept, life = both.execute()
        value = _decrypted(kept)
        if value and value == refused:
            client.eval(DELETE_THE_SAME, 1, _name(key), kept)
        elif value and life > 0:
            return Token(value, scopes=key[2], expires_at=time.monotonic() + life / 1000)
        return None

    def _try(self, question: Callable[[redis.Redis], object]) -> None:
        try:
            self._shared.ask(question)
        except Gone:
            return


_ledgers: dict[str, Ledger] = {}
_ledgers_lock = threading.Lock()


def ledger_of(registry: str) -> Ledger:
    """That of the registry at this origin, the same for everybody in this process."""
    with _ledgers_lock:
        if registry not in _ledgers:
            shared = _shared()
            _ledgers[registry] = SharedLedger(shared, registry) if shared else OwnLedger()
        return _ledgers[registry]


def token_store() -> TokenStore | None:
    shared = _shared()
    return SharedTokens(shared) if shared else None


@cache
def _shared() -> Shared | None:
    """The broker's Redis; None where the broker is none."""
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return Shared(url) if url.startswith(("redis://", "rediss://", "unix://")) else None


def _account(kept: bytes | None) -> Account:
    try:
        return Account(**json.loads(kept)) if kept else Account()
    except (ValueError, TypeError):  # of another version of ours
        return Account()


def _decrypted(kept: bytes | None) -> str:
    try:
        return decrypt(kept.decode()) if kept else ""
    except (ImproperlyConfigured, ValueError):  # by a process that was given another key, or by a stranger
        return ""


def _name(key: TokenKey) -> str:
    origin, credential, scopes = key
    who = [credential.username, credential.secret] if credential else []
    return _key("token", json.dumps([str(origin), who, scopes]))


def _fetch(key: TokenKey) -> str:
    return f"{_name(key)}:fetch"


def _key(kind: str, text: str) -> str:
    """No name of a registry or user, nor anything that a password could be tried against."""
    return f"regviewer:{kind}:{salted_hmac('tags.sharing', text, algorithm='sha256').hexdigest()}"
