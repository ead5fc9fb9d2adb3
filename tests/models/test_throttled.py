from __future__ import annotations

import datetime as dt
import uuid

import pytest
import time_machine

from tags import polling
from tags.models import Registry, Repository
from tags.registry import CAUTION, Listing
from tags.registry.quota import Quota
from tests.factories import HOUR, MINUTE, NOW, SECOND, watch, watched
from tests.fakeregistry import FakeRegistry
from tests.faults import too_many_requests

pytestmark = pytest.mark.django_db


def listing(silent_for: float = 0, quota: Quota | None = None) -> Listing:
    return Listing(
        repository="app",
        tags=frozenset(),
        observations=(),
        failures={},
        complete=False,
        error=None,
        sent_at=NOW,
        received_at=NOW,
        requests=0,
        refused_names=0,
        silent_for=silent_for,
        quota=quota,
    )


def heard(*listings: Listing) -> Registry:
    registry = Registry.objects.create(address="registry.example.com")
    with time_machine.travel(NOW, tick=False):
        for each in listings:
            registry.heard(each)
    registry.refresh_from_db()
    return registry


def throttled(reference: str, until: dt.datetime) -> Repository:
    repository = watch(reference)
    Registry.objects.filter(pk=repository.registry_id).update(
        throttled_until=until, cautious_until=until + dt.timedelta(seconds=CAUTION)
    )
    Repository.objects.update(next_poll_at=NOW - HOUR)
    repository.refresh_from_db()
    return repository


def claimed(now: dt.datetime = NOW, limit: int = 10) -> set[int]:
    return set(Repository.objects.claim_due(limit=limit, share=4, now=now))


def test_a_silence_is_noted_with_the_caution_after_it() -> None:
    registry = heard(listing(silent_for=30))
    assert registry.silence(NOW) == 30 * SECOND
    assert registry.caution(NOW) == dt.timedelta(seconds=CAUTION)
    later = NOW + 31 * SECOND
    assert not registry.silence(later)
    assert registry.is_cautious(later)
    assert not registry.is_cautious(later + dt.timedelta(seconds=CAUTION))


def test_a_shorter_silence_does_not_end_a_longer_one() -> None:
    assert heard(listing(silent_for=60), listing(silent_for=30), listing()).silence(NOW) == 60 * SECOND


def test_a_quota_is_kept_until_another_is_told() -> None:
    registry = heard(listing(quota=Quota(100, 87, 21600, None)), listing())
    assert registry.quota == "87 of 100 requests left in 6 hours"
    assert registry.quota_seen_at == NOW


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (None, "1 of 5 requests left"),
        (60, "1 of 5 requests left in 1 minute"),
        (7, "1 of 5 requests left in 7 seconds"),
    ],
)
def test_a_quota_is_told_in_words(window: int | None, words: str) -> None:
    assert heard(listing(quota=Quota(5, 1, window, None))).quota == words


def test_a_quota_that_no_column_holds_is_kept_as_the_largest_one() -> None:
    registry = heard(listing(quota=Quota(10**15, 10**15, 10**15, None)))
    assert registry.quota_limit == registry.quota_remaining == registry.quota_window == 2**31 - 1


def test_a_registry_that_said_nothing_has_no_quota() -> None:
    assert heard(listing()).quota == ""


@pytest.mark.parametrize(("remaining", "is_cautious"), [(9, True), (10, False), (0, True)])
def test_a_quota_that_runs_out_is_a_reason_for_caution(remaining: int, is_cautious: bool) -> None:
    registry = heard(listing(quota=Quota(100, remaining, 21600, None)))
    assert registry.is_cautious(NOW + HOUR) == is_cautious
    assert not registry.is_cautious(NOW + 7 * HOUR)


def test_what_one_registry_said_does_not_hold_for_another_at_a_new_address() -> None:
    heard(listing(silent_for=3600, quota=Quota(100, 1, 21600, None)))
    registry = Registry.objects.get()
    registry.address = "other.example.com"
    registry.save(update_fields=["address"])
    registry.refresh_from_db()
    assert not registry.is_cautious(NOW)
    assert not registry.silence(NOW)
    assert registry.quota == ""


def test_a_silent_registry_s_repositories_are_not_due() -> None:
    silent, other = throttled("silent.example.com/app", NOW + MINUTE), watch("other.example.com/app")
    Repository.objects.update(next_poll_at=NOW)
    assert claimed() == {other.pk}
    assert claimed(NOW + 2 * MINUTE) >= {silent.pk}


def test_after_a_silence_a_registry_s_repositories_are_handed_out_one_at_a_time() -> None:
    for name in ("a", "b", "c"):
        throttled(f"silent.example.com/{name}", NOW - SECOND)
    others = {watch(f"other.example.com/{name}").pk for name in ("a", "b", "c")}
    Repository.objects.update(next_poll_at=NOW, checked_at=NOW - HOUR)
    first = claimed()
    assert first > others
    assert len(first) == 4
    assert claimed() == set()
    [held] = first - others
    Repository.objects.filter(pk=held).update(lease_token=None, lease_until=None, next_poll_at=NOW + HOUR)
    assert len(claimed()) == 1


def test_the_longest_due_of_a_cautious_registry_comes_first_and_the_limit_holds() -> None:
    waiting = [throttled(f"silent.example.com/{name}", NOW - SECOND) for name in ("a", "b")]
    watch("other.example.com/app")
    Repository.objects.update(next_poll_at=NOW - MINUTE)
    Repository.objects.filter(pk=waiting[1].pk).update(next_poll_at=NOW - HOUR)
    assert claimed(limit=1) == {waiting[1].pk}


def test_when_the_caution_is_over_all_that_is_due_is_handed_out() -> None:
    waiting = {throttled(f"silent.example.com/{name}", NOW - HOUR).pk for name in ("a", "b", "c")}
    Repository.objects.update(checked_at=NOW - HOUR)
    assert claimed() == waiting


def test_a_poll_that_gets_a_429_keeps_every_other_poll_away(example: FakeRegistry) -> None:
    example.fault(too_many_requests("30"), path="tags/list")
    assert polling.poll(watched(example)).outcome == "failed"
    other = watched(example, "other")
    assert 29 * SECOND < other.registry.silence(dt.datetime.now(dt.UTC)) <= 30 * SECOND
    assert Repository.objects.claim_due(limit=10, share=4) == []
    asked = len(example.requests)
    poll = polling.poll(other)
    assert (poll.outcome, poll.requests, len(example.requests)) == ("failed", 0, asked)
    assert "had too many requests: nothing is sent for" in poll.error


def test_a_process_that_knows_it_from_the_database_alone_sends_nothing(example: FakeRegistry) -> None:
    repository = watched(example)
    repository.registry.heard(listing(silent_for=30))
    repository.refresh_from_db()
    poll = polling.poll(repository, repository.claim() or uuid.uuid4())
    assert "had too many requests" in poll.error
    assert example.requests == []
