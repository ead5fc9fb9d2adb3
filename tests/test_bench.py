"""The past that is measured is one that polls could have left behind."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest

from tags.models import Movement, Tag
from tags.pages.knowledge import unknown_because
from tests.bench import past
from tests.bench.pages.cases import CASES, FILLS
from tests.bench.pages.measuring import percentile_95
from tests.factories import HOUR, look

pytestmark = pytest.mark.django_db

BUILDS = {f"1.{number}.0": f"build {number}" for number in range(12)}
BEEN = {
    "production": ["build 3", "build 5", "build 4", "build 9"],
    "latest": ["build 10", "build 11"],
    "nightly": ["unnamed", "build 2"],
    "still": ["build 1"],
}
NOW = {**BUILDS, **{pointer: been[-1] for pointer, been in BEEN.items()}}


def test_a_poll_that_sees_the_same_finds_nothing_to_write() -> None:
    repository = past.repository(past.registry("registry.example.com"), "shop/app", BUILDS, BEEN, days=9)
    before = list(Tag.objects.order_by("pk").values())
    assert look(repository, NOW, past.LAST_POLL + HOUR) == []
    assert list(Tag.objects.order_by("pk").values()) == before
    assert repository.coverage.get().watched


def test_movements_lead_from_the_first_digest_to_the_present_one() -> None:
    repository = past.repository(past.registry("registry.example.com"), "shop/app", BUILDS, BEEN, days=9)
    production = list(repository.tags.get(name="production").movements.order_by("before"))
    assert [move.kind for move in production] == ["forward", "rollback", "forward"]
    assert [(move.from_version, move.to_version) for move in production][-1] == ("1.4.0", "1.9.0")
    for tag in repository.tags.filter(moved=True):
        digests = list(tag.movements.order_by("before").values_list("from_digest", "to_digest"))
        assert all(came == left for (_, came), (left, _) in pairwise(digests))
        last = tag.movements.latest("before")
        assert (tag.digest, tag.after, tag.before) == (last.to_digest, last.after, last.before)
    assert Movement.objects.filter(tag__name="still").count() == 0


def test_every_moment_of_it_is_known() -> None:
    repository = past.repository(past.registry("registry.example.com"), "shop/app", BUILDS, BEEN, days=9)
    moment = past.LAST_POLL - dt.timedelta(days=4)
    assert unknown_because([repository], moment, past.LAST_POLL) == {}
    assert repository.tags.at(moment).count() == len(NOW)


def test_every_page_that_is_measured_says_what_must_be_on_it() -> None:
    assert all(case.expects for case in CASES)
    assert set(FILLS) == {"board", "repository", "timeline", "tag", "search"}


def test_of_hundred_times_five_may_be_longer_than_the_95th_percentile() -> None:
    assert percentile_95([float(number) for number in range(1, 102)]) == 96
