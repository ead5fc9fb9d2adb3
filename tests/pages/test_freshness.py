from __future__ import annotations

import pytest

from tags.models import Registry, Repository
from tags.pages.freshness import Freshness, State, freshness
from tags.registry import CredentialsRefused, NeedsApproval, RateLimited, RegistryError, RepositoryMissing, TimedOut
from tests.factories import HOUR, MINUTE, NOW, example, look, watch
from tests.listings import EXAMPLE

pytestmark = pytest.mark.django_db


def failed(error: RegistryError) -> Freshness:
    repository = example(at=NOW - HOUR)
    look(repository, {}, error=error)
    Repository.objects.update(next_poll_at=NOW + 4 * MINUTE)
    return freshness(Repository.objects.get(), NOW + MINUTE)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (TimedOut("no answer"), "If that goes on, ask whoever runs the registry."),
        (CredentialsRefused("401"), "look at the user name and password for this registry."),
        (NeedsApproval("https://auth.example.com/token"), "look at the address in the admin and to approve it."),
        (RepositoryMissing("404"), "ask whoever runs RegistryViewer to stop watching it."),
    ],
)
def test_a_look_that_failed_says_when_it_is_tried_again_and_what_to_do(error: RegistryError, advice: str) -> None:
    fresh = failed(error)
    assert fresh.retry == "It is tried again today 14:04."
    assert fresh.advice.endswith(advice)


def test_of_too_many_requests_there_is_nothing_to_do_but_to_wait_until_the_registry_may_be_asked() -> None:
    failed(RateLimited("429"))
    Registry.objects.update(throttled_until=NOW + 30 * MINUTE)
    fresh = freshness(Repository.objects.get(), NOW + MINUTE)
    assert (fresh.retry, fresh.advice) == ("It is tried again today 14:30.", "")
    assert fresh.words.endswith("next in 29 min")


def test_a_list_in_doubt_says_what_it_waits_for() -> None:
    look(example(at=NOW - HOUR), {"1.0": "1.0"})
    fresh = freshness(Repository.objects.get(), NOW + MINUTE)
    assert fresh.reason == "the list of tags is in doubt"
    assert "nothing is changed until another look agrees" in fresh.advice


def test_what_is_paused_or_late_is_not_tried_again_and_says_whom_to_ask() -> None:
    repository = example(at=NOW - HOUR)
    late = freshness(repository, NOW)
    assert (late.state, late.retry) == (State.LATE, "")
    assert "whether its worker runs" in late.advice
    repository.registry.failures = 2
    waiting = freshness(repository, NOW)
    assert (waiting.state, waiting.retry) == (State.LATE, "")
    assert "for the registry fails and looks wait until it is back" in waiting.sentence
    assert waiting.advice == "If that goes on, ask whoever runs the registry."
    repository.enabled = False
    paused = freshness(repository, NOW)
    assert (paused.state, paused.retry) == (State.PAUSED, "")
    assert "looked at again" in paused.advice


def test_what_is_new_or_fresh_needs_no_advice() -> None:
    repository = watch()
    new = freshness(repository, NOW)
    assert (new.state, new.retry, new.advice) == (State.NEW, "", "")
    look(repository, EXAMPLE, NOW + MINUTE)
    assert freshness(repository, NOW + 2 * MINUTE).advice == ""
