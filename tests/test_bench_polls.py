"""What is measured of polls is what they did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tags import polling
from tags.models import Registry, Repository
from tags.registry import Span
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tests.bench.__main__ import LONG, chosen, options
from tests.bench.polls.againstlimit import many_repositories, one_repository
from tests.bench.polls.cases import Case
from tests.bench.polls.children import NotMeasured, limit
from tests.bench.polls.fills import fill
from tests.bench.polls.lateness import lateness
from tests.bench.polls.measuring import one
from tests.bench.polls.meter import Cost, Reading, Spent, counting, metered, total
from tests.bench.polls.names import REPOSITORY, WARM_UP, tag_names
from tests.bench.polls.network import LeanRegistry, far_away
from tests.bench.polls.records import moving, unchanged
from tests.bench.polls.results import Figure, Result
from tests.bench.polls.schedule import begin
from tests.factories import SECOND, look, watched
from tests.listings import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.listings import START
from tests.fakeregistry import FakeRegistry

TAGS = 30
POINTERS = 10
COST = Cost(seconds=2, cpu=1, requests=3, memory=50)


@pytest.fixture
def lean() -> LeanRegistry:
    return LeanRegistry(tag_names(TAGS))


# --- The meter -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_queries_are_those_that_django_counts_and_requests_those_that_the_registry_gets(example: FakeRegistry) -> None:
    repository = watched(example)
    kept: list[Spent] = []
    with time_machine.travel(START, tick=False) as clock:  # in whole seconds, by which the sweep is written or not
        for _ in range(2):  # then one is like the other
            polling.poll(repository, every_tag=True)
            clock.shift(10)
        with CaptureQueriesContext(connection) as captured:
            polling.poll(repository, every_tag=True)
        clock.shift(10)
        example.requests.clear()
        with counting() as counters:
            metered(polling.poll, counters, kept.append)(repository, every_tag=True)
    [spent] = kept
    assert spent.end.queries - spent.begin.queries == len(captured)
    assert spent.requests == len(example.requests) == 13
    assert (spent.repository, spent.outcome, spent.tags, spent.movements) == ("app", "complete", 12, 0)
    assert Spent.from_facts(json.loads(json.dumps(spent.facts))) == spent


@pytest.mark.django_db(transaction=True)
def test_waiting_for_rows_and_commits_counts_as_well(example: FakeRegistry) -> None:
    polling.poll(watched(example))
    with counting() as counters, connection.cursor() as cursor:
        cursor.execute("SELECT name FROM tags_tag")
        for fetch in (cursor.fetchone, lambda: cursor.fetchmany(3), cursor.fetchall, connection._commit):
            before = counters.seconds
            fetch()
            assert counters.seconds > before
    assert counters.queries == 1


def test_processes_are_added_up_and_what_they_do_between_their_polls_counts() -> None:
    def spent(process: int, begin: Reading, end: Reading, memory: float) -> Spent:
        return Spent(process, "app", "complete", "", 5, 0, 6, begin, end, memory)

    polls = [
        spent(1, Reading(100, 1.0, 0, 0.1), Reading(102, 1.5, 20, 0.2), 60),
        spent(2, Reading(101, 3.0, 7, 0.5), Reading(105, 4.0, 17, 0.75), 90),
        spent(1, Reading(103, 1.75, 22, 0.25), Reading(104, 2.0, 40, 0.35), 70),
    ]
    assert total(polls) == Cost(seconds=5, cpu=2, requests=18, memory=90, queries=50, database=0.5)
    assert total(polls, since=99).seconds == 6


# --- The other side --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_lean_registry_is_read_as_any_other(lean: LeanRegistry) -> None:
    with lean.serving() as address:
        registry = Registry.objects.create(address=address, plain_http=True)
        repository = Repository.objects.create(registry=registry, name=REPOSITORY)
        polling.poll(repository)
        lean.requests = 0
        assert polling.poll(repository, every_tag=True).requests == lean.requests == 1 + TAGS
        assert polling.poll(Repository.objects.create(registry=registry, name=WARM_UP)).tags < TAGS
        lean.has_moved = lean.tells_digests = True
        moved = polling.poll(repository)
    assert (moved.outcome, moved.tags, moved.movements) == ("complete", TAGS, TAGS)
    assert moved.requests == 1 + TAGS * ANSWERS_TO_BE_SURE, "they moved so soon after they were first seen"


def test_the_lean_registry_lists_in_pages(lean: LeanRegistry) -> None:
    with lean.serving() as address:
        url, names = f"http://{address}/v2/{REPOSITORY}/tags/list?n=7", []
        while url:
            page = requests.get(url, timeout=10)
            names += page.json()["tags"]
            url = f"http://{address}{page.links['next']['url']}" if page.links else ""
    assert names == sorted(tag_names(TAGS))
    assert lean.requests == 5


def test_what_is_far_away_answers_later_and_the_same(lean: LeanRegistry) -> None:
    path = f"/v2/{REPOSITORY}/tags/list?n={TAGS}"
    with lean.serving() as address, far_away(address, 0.001) as near, far_away(address, 3600) as never:
        assert (
            requests.get(f"http://{near}{path}", timeout=10).content == requests.get(f"http://{address}{path}").content
        )
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"http://{never}{path}", timeout=0.5)
    assert lean.requests == 3


def test_the_limit_asks_for_each_tag_once(lean: LeanRegistry) -> None:
    paths = [f"/v2/{REPOSITORY}/manifests/{name}" for name in tag_names(TAGS)]
    with lean.serving() as address:
        cost = limit(address, paths, connections=4)
        assert (cost.requests, cost.queries) == (lean.requests, None) == (TAGS, None)
        assert cost.memory > 1
        with pytest.raises(NotMeasured):
            limit(address, ["/nothing/there"], connections=1)


# --- The cases -------------------------------------------------------------------------------------------------------


def test_unchanged_polls_are_told_with_all_figures() -> None:
    scheduled, in_bulk = unchanged("small", "sqlite", tags=TAGS, times=2)
    assert [result.cost and result.cost.requests for result in (scheduled, in_bulk)] == [1 + POINTERS, 1]
    assert_told(scheduled, in_bulk)


def test_moving_tags_are_all_recorded() -> None:
    [result] = moving("small", "sqlite", tags=TAGS)
    assert result.cost
    assert result.cost.requests == 1
    assert_told(result)


@pytest.mark.real
def test_polls_of_a_real_registry_are_held_against_the_limit() -> None:
    the_limit, first, again = one_repository("small", "sqlite", tags=TAGS, away=0.001, rounds=1)
    assert the_limit.cost
    assert the_limit.cost.requests == TAGS
    for result in (first, again):
        assert result.cost
        assert result.figure
        assert result.cost.requests == 1 + TAGS
        assert result.figure.value == result.cost.seconds / the_limit.cost.seconds
    assert_told(first, again)


@pytest.mark.real
def test_polls_by_several_workers_are_held_against_the_limit() -> None:
    the_limit, first, again = many_repositories("small", "sqlite", repositories=4, tags=TAGS, rounds=1)
    assert the_limit.cost
    for result in (first, again):
        assert result.cost
        assert (the_limit.cost.requests, result.cost.requests) == (4 * TAGS, 4 * (1 + TAGS))
    assert_told(first, again)


@pytest.mark.real
def test_lateness_is_that_of_all_that_fell_due() -> None:
    polls, *figures = lateness("small", "sqlite", repositories=240, tags=TAGS, interval=60, seconds=5)
    assert polls.cost
    assert polls.cost.requests >= 1 + POINTERS
    assert len(figures) == 5
    late = [result.figure.value for result in figures[:3] if result.figure]
    assert sorted(late) == late
    assert_told(polls)


@pytest.mark.django_db
def test_what_is_due_in_a_part_of_the_interval_is_polled_once_in_it_and_looks_at_little() -> None:
    fill("registry.example.com", TAGS, 20)
    now = timezone.now()
    due = begin(Registry.objects.get(), 60, 600, 60, now)
    assert Repository.objects.filter(enabled=True).count() == 60
    for name, at in due.items():
        repository = Repository.objects.select_related("registry").get(name=name)
        assert 0 <= at - int(now.timestamp()) < 60
        assert repository.tags.count() == TAGS
        assert repository.next_poll_at.timestamp() == at
        assert len(repository.turn(set(tag_names(TAGS)), Span(), frozenset())) == POINTERS
        assert 2 <= len(repository.slices_due(repository.next_poll_at)) <= 3
        assert look(repository, {name: name for name in tag_names(TAGS)}, repository.next_poll_at + SECOND) == []
        assert repository.next_poll_at.timestamp() == at + 600


def assert_told(*results: Result) -> None:
    """A process that polls takes something of everything."""
    for result in results:
        assert not result.trouble
        assert result.cost
        assert result.cost.queries
        assert min(result.cost.seconds, result.cost.cpu, result.cost.database or 0, result.cost.memory) > 0
        assert all(result.row[3:9])
        json.dumps(result.facts)


# --- The command -----------------------------------------------------------------------------------------------------


def test_a_figure_beyond_its_budget_is_over() -> None:
    def verdict(figure: Figure | None) -> str:
        return Result("case", "polls", cost=COST, figure=figure).verdict

    figures = (Figure(1.31, " x", 1.3), Figure(1.3, " x", 1.3), Figure(9.0, " s"), None)
    assert [verdict(figure) for figure in figures] == ["over", "ok", "-", "-"]


def test_what_cannot_be_measured_says_why() -> None:
    def run(name: str, database: str) -> Iterator[Result]:
        yield Result(name, "polls", database, COST)
        raise NotMeasured("half of it failed")

    [missing] = one(Case("some", run, needs=("no-such-program",)), "sqlite")
    assert missing.verdict == "no-such-program must be installed"
    assert [result.verdict for result in one(Case("some", run), "sqlite")] == ["-", "half of it failed"]


def test_what_takes_long_is_measured_when_it_is_asked_for() -> None:
    assert chosen("pages", options([])) == ["board", "repository", "timeline", "tag", "search"]
    everything = chosen("polls", options([]))
    assert "tags" in everything
    assert not set(LONG) & set(everything)
    assert chosen("pages", options(["polls"])) == []
    only = options(["--only", "moving", "--only", "board"])
    assert (chosen("pages", only), chosen("polls", only)) == (["board"], ["moving"])
