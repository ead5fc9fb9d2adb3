import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags.registry.account import CAUTION, FIRST_BACKOFF, LIFE, LONGEST_BACKOFF, Account

MOST = 8


def test_whoever_is_alone_gets_what_it_wants_up_to_the_limit() -> None:
    account = Account()
    assert account.grant("a", 0, 3, MOST, 0) == 3
    assert account.grant("a", 3, 20, MOST, 1) == MOST


def test_slots_that_are_held_are_nobody_else_s() -> None:
    account = Account()
    account.grant("a", 0, 5, MOST, 0)
    assert account.grant("b", 0, 5, MOST, 0) == 3
    assert account.grant("c", 0, 1, MOST, 0) == 0


def test_who_holds_several_gives_some_to_who_waits_once_its_threads_have_ended() -> None:
    account = Account()
    account.grant("a", 0, MOST, MOST, 0)
    assert account.grant("b", 0, MOST, MOST, 1) == 0
    assert account.grant("a", MOST, MOST, MOST, 2) == MOST // 2
    assert account.grant("b", 0, MOST, MOST, 3) == 0  # a's threads are still at it
    assert account.grant("a", MOST // 2, MOST, MOST, 4) == MOST // 2
    assert account.grant("b", 0, MOST, MOST, 5) == MOST // 2


def test_who_has_begun_goes_on_with_one() -> None:
    account = Account()
    account.grant("a", 0, 1, 1, 0)
    account.grant("b", 0, 1, 1, 1)
    assert account.grant("a", 1, 1, 1, 2) == 1


def test_what_is_given_back_is_free() -> None:
    account = Account()
    account.grant("a", 0, MOST, MOST, 0)
    account.leave("a")
    assert account.grant("b", 0, MOST, MOST, 0) == MOST


def test_slots_of_the_dead_run_out() -> None:
    account = Account()
    account.grant("a", 0, MOST, MOST, 0)
    assert account.grant("b", 0, 1, MOST, LIFE - 1) == 0
    assert account.grant("b", 0, 1, MOST, LIFE) == 1
    assert list(account.holders) == ["b"]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10), st.booleans()), max_size=40))
def test_no_more_threads_than_slots_ever_work(steps: list[tuple[str, int, bool]]) -> None:
    account, threads = Account(), dict.fromkeys("abcd", 0)
    for name, wanted, leaves in steps:
        if leaves:
            account.leave(name)
            threads[name] = 0
        else:
            threads[name] = account.grant(name, threads[name], wanted, MOST, 0)
        assert sum(threads.values()) <= MOST


def test_after_a_429_it_is_silent_then_cautious_then_as_before() -> None:
    account = Account()
    account.refused(30, 100)
    assert account.silent_until == 130
    assert account.grant("a", 0, MOST, MOST, 131) == 1
    assert account.grant("b", 0, MOST, MOST, 131) == 0
    account.leave("b")
    assert account.grant("a", 1, MOST, MOST, 131 + CAUTION) == MOST


def test_a_wait_of_nothing_is_a_short_one() -> None:
    account = Account()
    account.refused(0, 100)
    assert account.silent_until > 100


def test_a_longer_wait_counts_and_a_shorter_one_does_not() -> None:
    account = Account()
    for wait in (30, 60, 10):
        account.refused(wait, 100)
    assert account.silent_until == 160


def test_429s_that_come_together_are_one_refusal() -> None:
    account = Account()
    for _ in range(8):
        account.refused(None, 100)
    assert FIRST_BACKOFF <= account.silent_until - 100 <= 1.2 * FIRST_BACKOFF


def test_without_a_time_the_wait_grows_with_each_refusal_to_its_limit() -> None:
    account, waits, now = Account(), [], 100.0
    for _ in range(9):
        account.refused(None, now)
        waits.append(account.silent_until - now)
        now = account.silent_until
    assert waits[1] > waits[0]
    assert waits[2] > waits[1]
    assert LONGEST_BACKOFF <= waits[-1] <= 1.2 * LONGEST_BACKOFF


def test_after_a_good_while_the_wait_starts_small_again() -> None:
    account = Account()
    account.refused(None, 100)
    account.refused(None, 200)
    later = account.cautious_until
    account.refused(None, later)
    assert account.silent_until - later <= 1.2 * FIRST_BACKOFF


def test_turns_lie_a_gap_apart_whoever_takes_them() -> None:
    account = Account()
    assert [account.turn(6, 60, now) for now in (100, 100, 101, 130)] == [0, 6, 11, 0]


@pytest.mark.parametrize(("patience", "turn"), [(5, None), (6, 6)])
def test_a_turn_too_far_away_is_not_taken(patience: float, turn: float | None) -> None:
    account = Account()
    account.turn(6, patience, 100)
    assert account.turn(6, patience, 100) == turn
