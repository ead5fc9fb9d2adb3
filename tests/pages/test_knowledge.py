from __future__ import annotations

import pytest

from tags.models import Coverage
from tags.pages.knowledge import unknown_because
from tags.registry import TimedOut
from tests.listings import EXAMPLE, at, make_repository, record, seen

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("minute", "reason"),
    [
        (-1, "not watched before"),
        (0, "not watched before"),
        (4, TimedOut.reason),
        (9, TimedOut.reason),
        (11, None),
        (15, None),
        (20, None),
        (26, "nobody looked after"),
        (61, "still to come"),
    ],
)
def test_what_was_where_is_known_only_where_somebody_watched(minute: float, reason: str | None) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen({}, 5, error=TimedOut("no answer")))
    record(repository, seen(EXAMPLE, 10))
    record(repository, seen(EXAMPLE, 15))
    said = unknown_because([repository], at(minute), at(60)).get(repository.pk)
    assert said is None if reason is None else reason in said


def test_another_interval_later_changes_nothing_about_the_past() -> None:
    repository = make_repository(interval=3600)
    record(repository, seen(EXAMPLE, 0))
    repository.interval = 60
    repository.save()
    record(repository, seen(EXAMPLE, 60))
    assert not Coverage.objects.filter(watched=False).exists()
