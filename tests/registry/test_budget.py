import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tags.registry import Busy, Cancelled, Client, RateLimited
from tags.registry.account import CAUTION
from tags.registry.budget import Budget, OwnLedger, Share
from tests.fakeregistry import Answer, FakeRegistry, Recorded
from tests.faults import status, too_many_requests


class Clock:
    """Stands still but while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Counting(FakeRegistry):
    """Knows how many requests it had at once, at most; tells `hears_of_looks` how many tags were looked at."""

    under_way = most = looks = 0
    counting = threading.Lock()
    hears_of_looks: Callable[[int], None] | None = None

    def answer(self, request: Recorded) -> Answer:
        with self.counting:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        time.sleep(0.003)  # so that they meet
        with self.counting:
            self.under_way -= 1
            if self.hears_of_looks and "/manifests/" in request.path:
                self.looks += 1
                self.hears_of_looks(self.looks)
        return super().answer(request)


@pytest.fixture
def counting() -> Iterator[Counting]:
    with Counting() as registry:
        for number in range(60):
            registry.push("app", f"1.{number}")
        yield registry


@pytest.fixture
def clock() -> Clock:
    return Clock()


def budget(clock: Clock, concurrency: int = 8, per_minute: int | None = None) -> Budget:
    return Budget("registry.example.com", concurrency, per_minute, clock=clock, sleep=clock.sleep)


def client(registry: FakeRegistry, clock: Clock, **options: int) -> Client:
    return Client(registry.settings(), budget=budget(clock, **options))


def test_one_listing_has_all_slots_that_are_free(counting: Counting) -> None:
    with Client(counting.settings(concurrency=4)) as client:
        assert client.listing("app").error is None
    assert counting.most == 4


def test_clients_with_one_ledger_keep_to_one_limit_together(counting: Counting) -> None:
    ledger = OwnLedger()
    clients = [Client(counting.settings(), budget=Budget("registry", 3, ledger=ledger)) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        listings = list(threads.map(lambda client: client.listing("app"), clients))
    for each in clients:
        each.close()
    assert [listing.error for listing in listings] == [None] * 4
    assert all(len(listing.observations) == 60 for listing in listings)
    assert counting.most <= 3
    assert ledger.change(lambda account, _now: account.holders) == {}


def test_what_is_asked_outside_of_a_listing_waits_for_a_slot_too(counting: Counting, clock: Clock) -> None:
    with client(counting, clock, concurrency=1) as client_, Share(client_.budget) as other:
        other.wait()
        with pytest.raises(Busy):
            client_.check()
        assert isinstance(client_.catalog().error, Busy)
    assert not counting.requests


def test_a_poll_without_a_slot_ends_in_words(counting: Counting, clock: Clock) -> None:
    with client(counting, clock, concurrency=1) as client_, Share(client_.budget) as other:
        other.wait()
        listing = client_.listing("app")
    assert isinstance(listing.error, Busy)
    assert listing.error.reason == "waiting for the registry's other polls"
    assert (listing.complete, listing.requests) == (False, 0)


def test_waiting_for_a_slot_can_be_stopped(counting: Counting, clock: Clock) -> None:
    stop = threading.Event()
    stop.set()
    with client(counting, clock, concurrency=1) as client_, Share(client_.budget) as other:
        other.wait()
        assert isinstance(client_.listing("app", stop=stop).error, Cancelled)


def test_more_threads_look_as_soon_as_others_have_ended(counting: Counting, clock: Clock) -> None:
    with client(counting, clock, concurrency=4) as client_:
        other = Share(client_.budget)
        other.wait()
        other.want(3)

        def end_the_other(done: int) -> None:
            if done == 20:
                assert counting.most == 1
                other.__exit__()
            clock.now += 0.2

        counting.hears_of_looks = end_the_other
        assert client_.listing("app").error is None
    assert 1 < counting.most <= 4


def test_threads_end_when_somebody_else_waits(counting: Counting, clock: Clock) -> None:
    allowed = []
    with client(counting, clock, concurrency=4) as client_, Share(client_.budget) as other:

        def wait_for_a_slot(done: int) -> None:
            clock.now += 0.5
            if done > 10:
                other._ask(holds=0)
                allowed.append(other.allowed)

        counting.hears_of_looks = wait_for_a_slot
        assert len(client_.listing("app").observations) == 60
    assert allowed[0] == 0
    assert 1 in allowed
    assert counting.most <= 4


@pytest.mark.parametrize("where", ["tags/list", "manifests"])
def test_after_a_429_nothing_is_sent_before_its_time(counting: Counting, clock: Clock, where: str) -> None:
    counting.fault(too_many_requests("30"), path=where, times=1)
    with client(counting, clock) as client_:
        assert isinstance(client_.listing("app").error, RateLimited)
        sent = len(counting.requests)
        clock.now += 29
        listing = client_.listing("app")
        assert isinstance(listing.error, RateLimited)
        assert listing.error.retry_after == 1
        assert "nothing is sent for 1 s" in str(listing.error)
        assert isinstance(client_.catalog().error, RateLimited)
        assert len(counting.requests) == sent
        clock.now += 1
        assert client_.listing("app").error is None


def test_after_a_429_requests_come_one_at_a_time_for_a_while(counting: Counting, clock: Clock) -> None:
    counting.fault(too_many_requests("30"), path="tags/list", times=1)
    with client(counting, clock) as client_:
        client_.listing("app")
        clock.now += 30
        client_.listing("app")
        assert counting.most == 1
        clock.now += CAUTION
        client_.listing("app")
        assert counting.most > 1


def test_a_429_without_a_time_has_a_wait_of_ours(counting: Counting, clock: Clock) -> None:
    counting.fault(too_many_requests("880.092µs"), path="tags/list", times=1)
    with client(counting, clock) as client_:
        listing = client_.listing("app")
        assert listing.error is not None
        assert listing.error.retry_after is None
        assert 10 <= listing.silent_for <= 12
        assert isinstance(client_.listing("app").error, RateLimited)


def test_a_429_of_the_token_server_is_one_of_the_registry(clock: Clock) -> None:
    with FakeRegistry(auth="bearer") as registry, client(registry, clock) as client_:
        registry.push("app", "1.0")
        registry.fault(too_many_requests("30"), path="^/token")
        assert isinstance(client_.listing("app").error, RateLimited)
        sent = len(registry.requests)
        assert isinstance(client_.listing("other").error, RateLimited)
        assert len(registry.requests) == sent
        assert client_.budget.silent_for == 30


def test_a_429_ends_the_listings_of_others_with_the_same_ledger(counting: Counting, clock: Clock) -> None:
    ledger = OwnLedger(clock)

    def other_client() -> Client:
        return Client(counting.settings(), budget=Budget("registry", 8, ledger=ledger, clock=clock, sleep=clock.sleep))

    with other_client() as one, other_client() as other:

        def refuse_the_other(done: int) -> None:
            if done == 10:
                other.budget.refused(30)
            clock.now += 0.2

        counting.hears_of_looks = refuse_the_other
        listing = one.listing("app")
    assert isinstance(listing.error, RateLimited)
    assert 10 <= len(listing.observations) < 60


def test_another_error_is_no_reason_for_silence(counting: Counting, clock: Clock) -> None:
    counting.fault(status(503, {"Retry-After": "30"}), path="tags/list", times=1)
    with client(counting, clock) as client_:
        assert client_.listing("app").silent_for == 0
        assert client_.listing("app").error is None


def test_what_others_were_told_is_kept_to_without_a_request(counting: Counting, clock: Clock) -> None:
    with client(counting, clock) as client_:
        client_.budget.quiet(seconds=30, caution=100)
        assert isinstance(client_.listing("app").error, RateLimited)
        assert not counting.requests
        clock.now += 30
        client_.listing("app")
        assert counting.most == 1


def test_so_many_requests_a_minute_are_sent_and_no_more(counting: Counting, clock: Clock) -> None:
    begun = clock.now
    with client(counting, clock, per_minute=20) as client_:
        listing = client_.listing("app")
    assert listing.error is None
    assert listing.requests == 61
    assert clock.now - begun == pytest.approx(60 * 3)


def test_no_more_threads_wait_for_a_turn_than_have_one_in_a_second(clock: Clock) -> None:
    assert [budget(clock, 8, per_minute).width for per_minute in (1, 60, 61, 1000, None)] == [1, 1, 2, 8, 8]


def test_a_turn_that_is_too_far_away_is_not_waited_for(counting: Counting, clock: Clock) -> None:
    with client(counting, clock, per_minute=1) as client_:
        client_.budget.ledger.change(lambda account, now: account.turn(300, 0, now))
        assert isinstance(client_.listing("app").error, Busy)
    assert not counting.requests


def test_a_request_that_waits_for_its_turn_is_not_sent_when_nobody_waits_for_it(clock: Clock) -> None:
    budget_ = budget(clock, per_minute=1)
    with Share(budget_) as share:
        share.wait()
    with share.working(), pytest.raises(Cancelled), budget_.request():
        pytest.fail("it was sent")


def counted(ledger: OwnLedger, looks: list[int]) -> Callable[..., object]:
    change = ledger.change

    def counting(*arguments: object) -> object:
        looks.append(1)
        return change(*arguments)

    return counting


def test_a_listing_looks_at_the_ledger_a_few_times_however_many_tags_there_are(
    counting: Counting, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    with client(counting, clock) as client_:
        monkeypatch.setattr(client_.budget.ledger, "change", counted(client_.budget.ledger, looks))
        client_.listing("app")
    assert len(looks) <= 3
