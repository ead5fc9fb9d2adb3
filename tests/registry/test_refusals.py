import pytest

from tags.registry import Client, CredentialsRefused, refusals
from tags.registry.credential import Credential
from tags.registry.refusals import Refusals
from tags.registry.vendors.artifactory import Artifactory
from tags.registry.vendors.gitlab import GitLab
from tags.registry.vendors.harbor import Harbor
from tags.registry.vendors.nexus import Nexus
from tests.fakeregistry import FakeRegistry
from tests.faults import status

API = "^/(api|artifactory|service)/"
ANN, BOB = Credential("ann", "x"), Credential("bob", "y")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic time, to be set by the test."""
    now = [1000.0]
    monkeypatch.setattr(refusals.time, "monotonic", lambda: now[0])
    return now


def refused_three_times(credential: Credential) -> Refusals:
    known = Refusals()
    for _ in range(3):
        known.check(credential, "registry.example.com")
        known.refused(credential)
    return known


def test_three_refusals_in_a_row_are_enough_for_a_while(clock: list[float]) -> None:
    known = refused_three_times(ANN)
    clock[0] += 300
    with pytest.raises(CredentialsRefused, match="for 10 minutes, or until they are changed") as caught:
        known.check(ANN, "registry.example.com")
    assert caught.value.retry_after == 600
    clock[0] += 601
    known.check(ANN, "registry.example.com")


def test_after_the_rest_one_more_refusal_is_enough(clock: list[float]) -> None:
    known = refused_three_times(ANN)
    clock[0] += 901
    known.refused(ANN)
    with pytest.raises(CredentialsRefused):
        known.check(ANN, "registry.example.com")


@pytest.mark.usefixtures("clock")
def test_other_credentials_and_none_may_be_tried() -> None:
    known = refused_three_times(ANN)
    known.check(BOB, "registry.example.com")
    known.check(None, "registry.example.com")
    known.refused(BOB)
    known.check(BOB, "registry.example.com")


@pytest.mark.usefixtures("clock")
def test_one_success_in_between_starts_the_count_anew() -> None:
    known = Refusals()
    for _ in range(4):
        known.refused(ANN)
        known.taken(ANN)
    known.refused(ANN)
    known.check(ANN, "registry.example.com")


def test_only_the_credentials_used_last_are_kept() -> None:
    known = Refusals()
    for number in range(1000):
        known.refused(f"Bearer {number}")
    assert len(known._refused) == 16


GUARDED = [Artifactory, GitLab, Harbor, Nexus]


@pytest.mark.parametrize("kind", GUARDED)
def test_a_wrong_password_is_not_shown_to_an_api_for_every_repository(kind: type[Client]) -> None:
    with FakeRegistry(auth="bearer", username="ann", password="new") as registry:
        registry.fault(status(401), path=API)
        with kind(registry.settings(secret="old")) as client:
            for number in range(20):
                registry.push(f"shop/app{number}", "1.0")
                assert isinstance(client.listing(f"shop/app{number}").error, CredentialsRefused)
        assert len([request for request in registry.requests if "Authorization" in request.headers]) <= 6


@pytest.mark.parametrize("kind", GUARDED)
def test_a_password_that_only_the_api_refuses_goes_on_being_good_for_the_registry(kind: type[Client]) -> None:
    with FakeRegistry(auth="bearer", username="ann", password="x") as registry, kind(registry.settings()) as client:
        registry.fault(status(401), path=API)
        for number in range(9):
            registry.push(f"shop/app{number}", "1.0")
            assert client.listing(f"shop/app{number}").tags == {"1.0"}
        assert len(registry.asked(API)) == 3
