from __future__ import annotations

import datetime as dt

import pytest

from tags.models.sweep import HOUR, LAP, LATEST, REST, SLICES, due_slices
from tests.listings import START

POLL = 300
NEVER: list[int | None] = [None] * SLICES


def after(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def looked(*, ago: float) -> list[int | None]:
    return [int(START.timestamp() - ago)] * SLICES


def sweep(looks: list[int | None], every: int, days: int, *, cautious: bool = False) -> tuple[int, float]:
    """Poll so often for some days: the most slices in one poll, and the oldest that any look became."""
    looks, most, oldest = list(looks), 0, 0.0
    for second in range(every, days * 24 * HOUR, every):
        now = after(second)
        due = due_slices(looks, now, every, cautious=cautious)
        oldest = max(oldest, *(now.timestamp() - look for look in looks))
        most = max(most, len(due))
        looks = [int(now.timestamp()) if number in due else look for number, look in enumerate(looks)]
    return most, oldest


def test_what_was_never_looked_at_is_due_at_once() -> None:
    assert due_slices(NEVER, START, POLL, cautious=True) == set(range(SLICES))


def test_after_a_look_at_everything_nothing_is_due_for_a_while() -> None:
    looks = looked(ago=0)
    assert not any(due_slices(looks, after(second), POLL, cautious=False) for second in range(0, REST, POLL))
    assert due_slices(looks, after(REST + POLL), POLL, cautious=False)


@pytest.mark.parametrize("every", [60, POLL, HOUR, 5 * HOUR, 7 * HOUR])
def test_no_look_becomes_a_day_old(every: int) -> None:
    _most, oldest = sweep(looked(ago=0), every, days=4)
    assert oldest <= LATEST


@pytest.mark.parametrize(("every", "most"), [(60, 1), (POLL, 3), (HOUR, 26)])
def test_each_poll_takes_its_share_and_no_more(every: int, most: int) -> None:
    assert sweep(looked(ago=0), every, days=4)[0] <= most


def test_who_polls_once_a_day_looks_at_everything() -> None:
    assert due_slices(looked(ago=24 * HOUR), START, 24 * HOUR, cautious=False) == set(range(SLICES))


def test_what_was_left_undone_is_made_good_oldest_first() -> None:
    looks = [int(START.timestamp() - 21 * HOUR - number) for number in range(SLICES)]
    due = due_slices(looks, START, POLL, cautious=False)
    assert due == {SLICES - 1, SLICES - 2, SLICES - 3}


def test_what_is_too_old_is_due_though_it_be_all_at_once() -> None:
    assert due_slices(looked(ago=LATEST), START, POLL, cautious=False) == set(range(SLICES))


def test_a_cautious_sweep_waits_until_a_look_would_become_too_old() -> None:
    assert not due_slices(looked(ago=LATEST - POLL), START, POLL, cautious=True)
    assert due_slices(looked(ago=LATEST - POLL + 1), START, POLL, cautious=True) == set(range(SLICES))
    assert sweep(looked(ago=LAP), POLL, days=3, cautious=True)[1] <= LATEST


def test_a_look_in_the_future_counts_for_nothing() -> None:
    assert due_slices(looked(ago=-POLL - 1), START, POLL, cautious=True) == set(range(SLICES))
    assert not due_slices(looked(ago=-2), START, POLL, cautious=True)
