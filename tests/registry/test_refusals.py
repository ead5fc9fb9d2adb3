import pytest

from tags.registry import CredentialsRefused, refusals
from tags.registry.credential import Credential
from tags.registry.refusals import Refusals

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
        known.taken()
    known.refused(ANN)
    known.check(ANN, "registry.example.com")
