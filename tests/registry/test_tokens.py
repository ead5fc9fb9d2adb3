import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry import ServerError
from tags.registry.tokens import Token, TokenAnswer, TokenCache, parse_token_answer
from tests.registry.cases import acceptable, cases

NOW = datetime(2018, 1, 1, 10, 0, 2, tzinfo=UTC)


@cases("tokens")
def test_reads_token_answers(case: dict[str, Any]) -> None:
    answer = parse_token_answer(case["body"].encode(), datetime.fromisoformat(case["clock"]))
    if answer is None:
        found = {"token": None, "valid_for_s": None}
    else:
        found = {"token": answer.token, "valid_for_s": answer.valid_for}
        if "refresh_token" in case["expect"]:
            found["refresh_token"] = answer.refresh_token
    # Clocks in the cases have whole seconds, but one answer counts nanoseconds.
    rounded = {key: round(value) if isinstance(value, float) else value for key, value in found.items()}
    assert rounded in acceptable(case)


@pytest.mark.parametrize(
    "body",
    [
        b'{"token":"a\\r\\nX-Evil: 1"}',
        b'{"token":"\\u00e9"}',
        b'{"token":7}',
        b'["token"]',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_a_token_that_cannot_be_sent_is_none(body: bytes) -> None:
    assert parse_token_answer(body, NOW) is None


@pytest.mark.parametrize("life", [b"1e999", b"NaN", b"-1e999", b'"x"', b"[]", b"true"])
def test_a_life_without_sense_keeps_a_token_between_a_minute_and_a_month(life: bytes) -> None:
    answer = parse_token_answer(b'{"token":"t","expires_in":%b}' % life, NOW)
    assert answer is not None
    assert answer.valid_for is not None
    assert 60 <= answer.valid_for <= 30 * 86400


def token(value: str, life: float | None = 300) -> Token:
    return Token.from_answer(TokenAnswer(value, life), ("a",))


def test_a_token_is_given_up_before_it_expires() -> None:
    cache = TokenCache()
    cache.get_or_reserve("key", None)
    cache.done("key", token("t", life=4))
    assert cache.get("key") is None


def test_a_refused_token_is_not_given_again() -> None:
    cache = TokenCache()
    cache.get_or_reserve("key", None)
    cache.done("key", token("t", life=None))
    assert cache.get("key") is not None
    assert cache.get("key", refused="t") is None
    assert cache.get_or_reserve("key", "t") is None


def test_one_thread_fetches_and_the_others_get_what_it_got() -> None:
    cache = TokenCache()
    started = threading.Barrier(4)

    def need() -> str:
        started.wait()
        known = cache.get_or_reserve("key", None)
        if known is None:
            fetches.append(1)
            cache.done("key", known := token("t"))
        return known.value

    fetches: list[int] = []
    with ThreadPoolExecutor(4) as threads:
        assert [future.result() for future in [threads.submit(need) for _ in range(4)]] == ["t"] * 4
    assert len(fetches) == 1


class Store:
    """Another process's tokens, and what it is told."""

    def __init__(self, kept: Token | None = None) -> None:
        self.kept = kept
        self.asked: list[str | None] = []
        self.told: list[Token | None] = []

    def get_or_reserve(self, _key: object, refused: str | None) -> Token | None:
        self.asked.append(refused)
        return self.kept

    def done(self, _key: object, token: Token) -> None:
        self.told.append(token)

    def failed(self, _key: object) -> None:
        self.told.append(None)


def test_what_another_process_fetched_is_not_fetched_again() -> None:
    store = Store(token("theirs"))
    cache = TokenCache(store)
    assert cache.get_or_reserve("key", "old") == store.kept
    assert cache.get("key") == store.kept
    assert store.asked == ["old"]
    assert store.told == []


def test_other_processes_learn_how_a_fetch_ended() -> None:
    store = Store()
    cache = TokenCache(store)
    assert cache.get_or_reserve("key", None) is None
    cache.failed("key", ServerError("no"))
    assert cache.get_or_reserve("key", None) is None
    cache.done("key", token("ours"))
    assert [told and told.value for told in store.told] == [None, "ours"]


def test_those_who_wait_learn_why_no_token_came() -> None:
    cache = TokenCache()
    assert cache.get_or_reserve("key", None) is None
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(cache.get_or_reserve, "key", None)
        while not cache._fetches["key"]._condition._waiters:  # the thread is there
            pass
        cache.failed("key", ServerError("no"))
        with pytest.raises(ServerError):
            waiting.result()
    assert cache.get_or_reserve("key", None) is None


def test_a_token_never_shows() -> None:
    assert "secret" not in repr(token("secret"))
    assert "secret" not in repr(TokenAnswer("secret", 1, "secret"))


class BrokenStore(Store):
    def get_or_reserve(self, _key: object, refused: str | None) -> Token | None:
        raise ValueError("no such thing")


def test_a_store_that_fails_leaves_nobody_waiting() -> None:
    cache = TokenCache(BrokenStore())
    for _ in range(2):  # the second would wait for the first for ever
        with pytest.raises(ValueError, match="no such thing"):
            cache.get_or_reserve("key", None)
