"""The picture that the database helps with is the same as the one that is drawn from every move."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise

import pytest

from tags.models import Movement, Repository, Tag
from tags.pages.lanes import DrawnLane, Rebuild, Window, draw
from tags.pages.sources import sources
from tags.timeline import Kind
from tags.versions import Role
from tests.factories import DAY, NOW, SECOND, look, watch
from tests.listings import digest

pytestmark = pytest.mark.django_db

LANES = 6
START = NOW - 30 * DAY


def a_past(repository: Repository, name: str, chance: random.Random) -> Tag:
    """A tag that moved at every pace, was removed and came back; "punctual" moved where the cells of pictures begin."""
    times, at = [], START - DAY
    while at < NOW:
        times.append(at)
        if name == "punctual":
            at += SECOND * 720
            continue
        at += SECOND * chance.choice([2, 60, 900, 7200, 3 * 86400] if chance.random() < 0.2 else [2, 60, 900])
        if chance.random() < 0.02:
            at += DAY * chance.random() * 4
    been = [chance.choice(["1.0", "1.1", "2.0", "2.1"]) for _ in range(len(times) + 1)]
    versions = [None if chance.random() < 0.15 and name not in ("steady", "punctual") else version for version in been]
    last = versions[-1]
    tag = Tag.objects.create(
        repository=repository,
        name=name,
        role=Role.POINTER,
        state=Tag.State.PRESENT if last else Tag.State.REMOVED,
        digest=last and digest(last),
        before=times[-1],
        first_seen_at=START - 2 * DAY,
    )
    Movement.objects.bulk_create(
        Movement(
            tag=tag,
            repository=repository,
            kind=Kind.REPUBLISHED if was and was == to else Kind.CHANGED,
            from_digest=was and digest(was),
            to_digest=to and digest(to),
            from_version=was,
            to_version=to,
            after=at - dt.timedelta(seconds=1),
            before=at,
            found_at=at,
        )
        for at, (was, to) in zip(times, pairwise(versions), strict=True)
    )
    return tag


@pytest.fixture
def lanes() -> list[Tag]:
    repository, chance = watch(), random.Random(7)
    names = ["steady", "punctual", *(f"lane-{number}" for number in range(1, LANES))]
    for name in names:
        a_past(repository, name, chance)
    return list(Tag.objects.filter(name__in=names).select_related("repository__registry", "repository__sweep"))


def pictures(tags: list[Tag]) -> list[list[DrawnLane]]:
    windows = (Window(START, NOW, NOW), Window(START + DAY, NOW - 3 * DAY, NOW), Window(NOW - DAY, NOW, NOW))
    return [draw(sources(tags, window), window) for window in windows]


@pytest.mark.parametrize("most_moves", [0, 400, 100_000])
def test_the_database_leaves_out_nothing_that_is_seen(
    lanes: list[Tag], monkeypatch: pytest.MonkeyPatch, most_moves: int
) -> None:
    monkeypatch.setattr("tags.pages.sources.MOST_MOVES", most_moves)
    found = pictures(lanes)
    monkeypatch.setattr("tags.pages.sources.SURELY", 0.0)  # nothing is a crowd: every move is read
    monkeypatch.setattr("tags.pages.sources.MOST_MOVES", 10**9)
    assert found == pictures(lanes)


def test_of_moves_in_short_succession_few_are_read(lanes: list[Tag]) -> None:
    [steady] = [source for source in sources(lanes, Window(START, NOW, NOW)) if source.lane.name == "steady"]
    assert len(steady.lane.moves) < Movement.objects.filter(tag__name="steady").count() / 2
    assert sum(steady.lane.crowds.values()) > len(steady.lane.moves)


def test_only_the_rebuilds_that_a_picture_shows_are_read() -> None:
    repository = watch()
    look(repository, {"1.0": "a", "2.0": "b", "production": "b"}, NOW - 3 * DAY)
    look(repository, {"1.0": "a made anew", "2.0": "b made anew", "production": "b"}, NOW - 2 * DAY)
    look(repository, {"1.0": "a made anew", "2.0": "b made again", "production": "b made again"}, NOW - DAY)
    pointer = repository.tags.select_related("repository__registry", "repository__sweep").get(name="production")
    [source] = sources([pointer], Window(START, NOW, NOW))
    assert source.rebuilds[digest("b made again")] == Rebuild("2.0", 2)
    assert {rebuild.name for rebuild in source.rebuilds.values()} == {"2.0"}
