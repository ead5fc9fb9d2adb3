"""What workers share: here, several clients with connections of their own to a real Redis, as in several processes."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import redis

from tags import sharing
from tags.registry import Budget, Client, RateLimited, TokenCache, account
from tags.registry.credential import Credential
from tags.registry.origin import Origin
from tags.registry.tokens import Token, TokenAnswer
from tags.sharing import Gone, Shared, SharedLedger, SharedTokens
from tests.fakeregistry import FakeRegistry
from tests.faults import too_many_requests
from tests.registry.test_budget import Counting, counting
from tests.services import free_port, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tags.registry.tokens import TokenKey

__all__ = ["counting"]

pytestmark = pytest.mark.real

KEY: TokenKey = (Origin.parse("https://registry.example.com"), Credential("ann", "hunter2"), ("repository:a:pull",))


@pytest.fixture
def url(redis_url: str) -> str:
    redis.Redis.from_url(redis_url).flushall()
    return redis_url


def worker(registry: FakeRegistry, url: str, concurrency: int = 3) -> Client:
    shared = Shared(url)
    budget = Budget("the registry", concurrency, ledger=SharedLedger(shared, registry.url))
    return Client(registry.settings(), budget=budget, tokens=TokenCache(SharedTokens(shared)))


@pytest.fixture
def workers(counting: Counting, url: str) -> Iterator[list[Client]]:
    clients = [worker(counting, url) for _ in range(4)]
    yield clients
    for client in clients:
        client.close()


def test_all_workers_together_keep_to_the_limit(counting: Counting, workers: list[Client]) -> None:
    with ThreadPoolExecutor(4) as threads:
        listings = list(threads.map(lambda client: client.listing("app"), workers))
    assert [listing.error for listing in listings] == [None] * 4
    assert counting.most == 3


def test_a_429_to_one_worker_is_known_to_all(counting: Counting, workers: list[Client]) -> None:
    counting.fault(too_many_requests("30"), path="tags/list", times=1)
    assert isinstance(workers[0].listing("app").error, RateLimited)
    for client in workers[1:]:
        listing = client.listing("app")
        assert isinstance(listing.error, RateLimited)
        assert 29 <= listing.silent_for <= 30
    assert len(counting.requests) == 1


def test_after_a_429_all_workers_together_send_one_request_at_a_time(counting: Counting, workers: list[Client]) -> None:
    workers[0].budget.quiet(seconds=0, caution=60)
    with ThreadPoolExecutor(4) as threads:
        assert not any(listing.error for listing in threads.map(lambda client: client.listing("app"), workers))
    assert counting.most == 1


def test_the_slots_of_a_worker_that_was_killed_come_free(url: str) -> None:
    code = (
        "import django; django.setup(); import time; from tags.registry import Budget; "
        "from tags.registry.budget import Share; from tags.sharing import Shared, SharedLedger; "
        f"share = Share(Budget('r', 1, ledger=SharedLedger(Shared({url!r}), 'r'))); share.wait(); "
        "print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"held\n"
        process.send_signal(signal.SIGKILL)
        process.wait()
    ledger = SharedLedger(Shared(url), "r")
    assert ledger.change(lambda account, now: account.grant("another", 0, 1, 1, now)) == 0
    assert ledger.change(lambda kept, now: kept.grant("another", 0, 1, 1, now + account.LIFE)) == 1


def test_a_redis_that_dies_stops_nobody(counting: Counting) -> None:
    port = free_port()
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with (
        running(command, lambda: redis.Redis(port=port).ping()) as server,
        worker(counting, f"redis://127.0.0.1:{port}/0") as client,
    ):

        def kill(done: int, _total: int) -> None:
            if done == 10:
                server.kill()
                server.wait()

        listing = client.listing("app", progress=kill)
        assert listing.error is None
        assert len(listing.observations) == 60
        assert client.listing("app").error is None
    assert counting.most <= 3


def test_a_redis_that_hangs_is_left_alone_for_a_while(url: str) -> None:
    """Each question to it would cost the time it is given to answer."""
    asked = []
    shared = Shared(url, seconds_left_alone=600)

    def hang(_client: redis.Redis) -> None:
        asked.append(1)
        raise redis.TimeoutError

    for _ in range(3):
        with pytest.raises(Gone):
            shared.ask(hang)
    assert len(asked) == 1


def test_an_account_that_cannot_be_read_is_a_new_one(url: str) -> None:
    ledger = SharedLedger(Shared(url), "r")
    for kept in ("{", '{"another": "version"}', "[]", "7"):
        redis.Redis.from_url(url).set(ledger._key, kept)
        assert ledger.change(lambda account, now: account.grant("a", 0, 1, 1, now)) == 1


def test_one_fetch_gives_a_token_to_all_workers(url: str) -> None:
    with FakeRegistry(auth="bearer", username="ann", password="hunter2") as registry:
        registry.push("app", "1.0")
        clients = [worker(registry, url, concurrency=8) for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            listings = list(threads.map(lambda client: client.listing("app"), clients))
        for client in clients:
            client.close()
        assert [listing.error for listing in listings] == [None] * 4
        assert len(registry.asked("^/token")) == 1


def test_a_token_that_was_refused_is_fetched_anew_once_for_all(url: str) -> None:
    with FakeRegistry(auth="bearer") as registry:
        registry.push("app", "1.0")
        with worker(registry, url) as one, worker(registry, url) as other:
            assert one.listing("app").error is other.listing("app").error is None
            registry.revoke_tokens()
            assert one.listing("app").error is other.listing("app").error is None
        assert len(registry.asked("^/token")) == 2


def test_neither_names_nor_secrets_nor_tokens_can_be_read_in_redis(url: str) -> None:
    with FakeRegistry(auth="bearer", username="ann-the-reader", password="hunter2") as registry:
        registry.push("app", "1.0")
        with worker(registry, url) as client:
            client.listing("app")
        [token] = registry.tokens
        kept = redis.Redis.from_url(url)
        everything = b"".join(key + kept.get(key) for key in kept.keys())  # noqa: SIM118
        assert everything
        for word in (token, "ann-the-reader", "hunter2", registry.address, "app"):
            assert word.encode() not in everything


def store(url: str) -> SharedTokens:
    return SharedTokens(Shared(url))


def token(value: str = "t", life: float | None = 300) -> Token:
    return Token.from_answer(TokenAnswer(value, life), KEY[2])


def test_a_token_is_kept_for_as_long_as_it_lives(url: str) -> None:
    store(url).done(KEY, token(life=300))
    [name] = redis.Redis.from_url(url).keys()
    assert 290 <= redis.Redis.from_url(url).ttl(name) <= 295
    found = store(url).get_or_reserve(KEY, None)
    assert found is not None
    assert 290 <= found.expires_at - time.monotonic() <= 296


def test_a_token_without_an_end_is_kept_for_a_day(url: str) -> None:
    store(url).done(KEY, token(life=None))
    [name] = redis.Redis.from_url(url).keys()
    assert redis.Redis.from_url(url).ttl(name) == pytest.approx(86400, abs=5)


def test_a_token_for_other_credentials_or_scopes_is_another(url: str) -> None:
    store(url).done(KEY, token())
    origin, _credential, scopes = KEY
    for other in ((origin, None, scopes), (origin, Credential("ann", "new"), scopes), (*KEY[:2], ("other",))):
        assert store(url).get_or_reserve(other, None) is None


def test_a_refused_token_is_dropped_but_not_the_one_that_replaced_it(url: str) -> None:
    store(url).done(KEY, token("old"))
    assert store(url).get_or_reserve(KEY, "old") is None
    assert [key for key in redis.Redis.from_url(url).keys() if not key.endswith(b":fetch")] == []  # noqa: SIM118
    store(url).done(KEY, token("new"))
    found = store(url).get_or_reserve(KEY, "old")
    assert found is not None
    assert found.value == "new"


def test_who_waits_for_a_fetch_that_fails_fetches_itself(url: str) -> None:
    assert store(url).get_or_reserve(KEY, None) is None
    waiting = threading.Event()

    def wait() -> Token | None:
        waiting.set()
        return store(url).get_or_reserve(KEY, None)

    with ThreadPoolExecutor(1) as threads:
        waited = threads.submit(wait)
        waiting.wait()
        store(url).failed(KEY)
        assert waited.result() is None


def test_nobody_waits_for_ever_for_a_fetch(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PATIENCE", 0.1)
    assert store(url).get_or_reserve(KEY, None) is None
    assert store(url).get_or_reserve(KEY, None) is None


def test_a_token_under_another_key_of_ours_is_fetched_anew(url: str, settings) -> None:
    store(url).done(KEY, token())
    settings.SECRETS_KEYS = ["another key"]
    assert store(url).get_or_reserve(KEY, None) is None


@pytest.mark.parametrize(
    ("broker", "is_shared"),
    [("memory://", False), ("redis://127.0.0.1:1/0", True), ("redis+socket:///tmp/none.sock", True)],
)
def test_the_broker_s_redis_is_used_where_it_is_one(settings, broker: str, is_shared: bool) -> None:
    settings.CELERY_BROKER_URL = broker
    sharing._shared.cache_clear()
    try:
        assert (sharing.token_store() is not None) == is_shared
    finally:
        sharing._shared.cache_clear()


def test_a_broker_on_a_socket_is_reached_there(tmp_path) -> None:
    path = tmp_path / "broker.sock"
    command = [program("redis-server"), "--port", "0", "--unixsocket", str(path), "--save", ""]
    with running(command, lambda: redis.Redis(unix_socket_path=str(path)).ping()):
        assert Shared(f"unix://{path}").ask(lambda client: client.ping())


@pytest.mark.parametrize("kept", [b"\xff\xfe", "ä".encode(), b"nothing of ours"])
def test_what_cannot_be_read_as_a_token_is_none(kept: bytes) -> None:
    assert sharing._decrypted(kept) == ""
