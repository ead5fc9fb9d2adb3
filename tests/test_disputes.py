"""Polls of a registry whose servers are out of step, over real HTTP into the real database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import random
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tags import clients, polling
from tags.models import Coverage, Movement, Registry, Repository, Tag
from tags.models.doubt import RETURNS_ARE_DOUBTED_FOR
from tags.registry import KINDS, Client, Listing, RateLimited, ServerError, ServersDisagree, agreement
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tags.registry.listing import Bulk, Question
from tests.factories import watched
from tests.fakeregistry import FakeRegistry, FaultAction
from tests.faults import (
    Choice,
    at_random,
    drop,
    hang,
    in_turn,
    omit,
    out_of_step,
    per_connection,
    status,
    too_many_requests,
    web_page,
)
from tests.listings import EXAMPLE, START

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Set

pytestmark = pytest.mark.django_db

PRODUCTION = "/manifests/production"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def repository(example: FakeRegistry) -> Repository:
    """The example, looked at once."""
    repository = watched(example)
    polling.poll(repository)
    return repository


def part(registry: FakeRegistry, choose: Choice | None = None, to: str = "2.1") -> None:
    """From now on there are two servers, and only the first of them hears that production is moved."""
    registry.fault(out_of_step(registry, choose or in_turn()), path=PRODUCTION)
    registry.move("app", "production", to)


def later(clock: time_machine.Traveller, repository: Repository, minutes: float = 5) -> polling.Poll:
    """The next poll, over connections of its own: those of the last one were closed meanwhile."""
    clock.shift(minutes * MINUTE)
    clients.client_for(repository.registry)._transport.close()
    return polling.poll(repository)


def production() -> Tag:
    return Tag.objects.get(name="production")


def dispute(clock: time_machine.Traveller, registry: FakeRegistry, repository: Repository) -> None:
    """Production is recorded on 2.1, and the servers are known to be out of step: the second says 2.0."""
    part(registry)
    assert later(clock, repository).movements == 1
    assert later(clock, repository).outcome == "partial"
    assert production().disputed_since is not None


@pytest.mark.parametrize(
    "choose",
    [
        in_turn,
        lambda: per_connection(in_turn()),
        lambda: at_random(random.Random(1)),
        lambda: per_connection(at_random(random.Random(2))),
    ],
    ids=["in turn", "in turn, per connection", "at random", "at random, per connection"],
)
def test_servers_out_of_step_make_one_movement_at_most_and_a_mark(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, choose: Callable[[], Choice]
) -> None:
    part(example, choose())
    polls = [later(clock, repository) for _ in range(20)]
    assert sum(poll.movements for poll in polls) == Movement.objects.count() == 1
    assert production().disputed_since is not None
    assert production().digest == example.repositories["app"]["2.1"]
    assert repository.failures == 0
    assert sum(poll.requests for poll in polls) < 20 * (len(EXAMPLE) + 1 + ANSWERS_TO_BE_SURE)
    call_command("rebuild_tags", "--check")


def test_what_they_disagree_about_is_a_tag_without_an_answer(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    part(example)
    later(clock, repository)
    looked_at = production().last_look
    poll = later(clock, repository)
    assert (poll.outcome, poll.movements) == ("partial", 0)
    assert poll.error == (
        f"1 of 12 tags could not be looked at: {example.address} gives two answers about production: "
        "its servers are out of step"
    )
    assert repository.reason == ServersDisagree.reason
    assert production().last_look == looked_at
    assert Tag.objects.get(name="latest").last_look > looked_at
    assert Coverage.objects.get().watched  # the others answered


@pytest.mark.parametrize("most_per_page", [None, 2])
def test_a_registry_whose_servers_disagree_is_asked_no_less_often(
    fake_registry: FakeRegistry, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, most_per_page: int
) -> None:
    fake_registry.most_per_page = most_per_page
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 2)
    for tag in ("1.0", "2.0", "2.1"):
        fake_registry.push("app", tag)
    fake_registry.move("app", "production", "2.0")
    repository = watched(fake_registry)
    polling.poll(repository)
    part(fake_registry)
    for _ in range(4):
        later(clock, repository)
    assert production().disputed_since is not None
    assert Coverage.objects.latest("pk").reason == ServersDisagree.reason  # it is the only pointer
    assert (repository.failures, repository.registry.failures) == (0, 0)
    assert repository.next_poll_at <= repository.polled_at + 5 * MINUTE


@pytest.mark.parametrize(("truth", "kinds"), [("2.1", ["forward"]), ("2.0", ["forward", "rollback"])])
def test_in_step_again_the_mark_is_gone_and_what_is_so_is_recorded(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, truth: str, kinds: list[str]
) -> None:
    dispute(clock, example, repository)
    looked_at = production().last_look
    example.heal()
    example.move("app", "production", truth)
    assert later(clock, repository).outcome == "complete"
    assert production().disputed_since is None
    assert production().digest == example.repositories["app"][truth]
    moves = list(Movement.objects.order_by("pk"))
    assert [move.kind for move in moves] == kinds
    if truth == "2.0":
        assert moves[-1].after == looked_at  # the last look that was sure
    call_command("rebuild_tags", "--check")
    requests = later(clock, repository).requests
    assert requests == later(clock, repository).requests < ANSWERS_TO_BE_SURE


def test_a_real_roll_back_is_recorded_by_the_poll_that_sees_it(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    for version, kind in (("2.1", "forward"), ("2.0", "rollback"), ("2.1", "forward")):
        before = repository.checked_at
        example.move("app", "production", version)
        poll = later(clock, repository)
        assert (poll.outcome, poll.movements) == ("complete", 1)
        move = Movement.objects.latest("pk")
        assert (move.kind, move.to_version) == (kind, version)
        assert before <= move.after < move.before <= repository.polled_at
    assert not Tag.objects.filter(disputed_since__isnull=False).exists()


def test_only_what_returns_is_asked_for_again(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    asked = [later(clock, repository).requests]
    for version in ("2.1", "2.2", "1.3", "2.1"):
        example.move("app", "production", version)
        asked.append(later(clock, repository).requests)
    assert [requests - asked[0] for requests in asked] == [0, 0, 0, 0, ANSWERS_TO_BE_SURE]


def test_what_was_left_long_ago_is_believed_at_once(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.move("app", "production", "2.1")
    later(clock, repository)
    clock.shift(RETURNS_ARE_DOUBTED_FOR)
    later(clock, repository)
    example.move("app", "production", "2.0")
    later(clock, repository)
    assert Movement.objects.latest("pk").kind == "rollback"
    assert len(example.asked(PRODUCTION)) == 4


def test_where_nothing_returned_there_is_nothing_more_to_ask_the_database(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    def of_movements() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            later(clock, repository)
        return [query["sql"] for query in queries if "from_digest" in query["sql"] and "before" in query["sql"]]

    assert of_movements() == []
    example.move("app", "production", "2.1")
    first = of_movements()
    example.move("app", "qatesting", "2.2")
    assert len(of_movements()) == len(first)  # neither had ever moved before
    example.move("app", "production", "2.2")
    assert len(of_movements()) == len(first) + 1
    assert of_movements() == []


def test_a_dispute_that_goes_on_is_written_once(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    dispute(clock, example, repository)
    since = production().disputed_since
    later(clock, repository)
    with CaptureQueriesContext(connection) as queries:
        later(clock, repository)
    assert production().disputed_since == since
    assert not [query["sql"] for query in queries if query["sql"].startswith('UPDATE "tags_tag"')]


@pytest.mark.parametrize(
    ("fault", "reason"), [(status(503), ServerError.reason), (too_many_requests("9"), RateLimited.reason)]
)
def test_without_an_answer_to_the_second_question_nothing_changes(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, fault, reason: str
) -> None:
    example.move("app", "production", "2.1")
    later(clock, repository)
    example.move("app", "production", "2.0")
    example.fault(fault, path=PRODUCTION, skip=5, times=1)
    poll = later(clock, repository)
    assert (poll.outcome, poll.movements, repository.reason) == ("partial", 0, reason)
    assert production().digest == example.repositories["app"]["2.1"]
    assert production().disputed_since is None


def test_a_dispute_lasts_while_nobody_answers(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    dispute(clock, example, repository)
    since = production().disputed_since
    example.heal()
    example.fault(status(503), path=PRODUCTION)
    later(clock, repository)
    assert production().disputed_since == since


def test_a_tag_that_is_gone_is_in_no_dispute(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    dispute(clock, example, repository)
    example.heal()
    example.delete("app", "production")
    assert later(clock, repository).movements == 1
    assert (production().state, production().disputed_since) == (Tag.State.REMOVED, None)


@pytest.mark.parametrize("pushed", [True, False], ids=["came", "went"])
def test_a_tag_that_only_one_of_them_has_comes_once_and_does_not_go(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, pushed: bool
) -> None:
    tag = "staging" if pushed else "production"
    choose = per_connection(at_random(random.Random(4)))
    example.fault(out_of_step(example, choose), path=f"/tags/list|/manifests/{tag}")
    if pushed:
        example.push("app", tag, EXAMPLE["2.1"])
    else:
        example.delete("app", tag)
    polls = [later(clock, repository) for _ in range(25)]
    assert sum(poll.movements for poll in polls) == pushed
    assert "partial" in {poll.outcome for poll in polls}
    call_command("rebuild_tags", "--check")


@pytest.fixture(params=[None, 2], ids=["whole", "in parts"])
def pages(request: pytest.FixtureRequest, example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list comes at once, and in parts."""
    example.most_per_page = request.param
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 4)


@pytest.mark.usefixtures("pages")
def test_a_list_that_leaves_out_what_is_there_removes_nothing(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.fault(omit("production", "1.0"), path="/tags/list")
    for _ in range(2):
        looked_at = production().last_look
        assert (later(clock, repository).movements, repository.outcome) == (0, "complete")
        assert (production().state, production().absent_since) == (Tag.State.PRESENT, None)
        assert production().last_look > looked_at
    example.move("app", "production", "2.1")
    assert later(clock, repository).movements == 1, "it is looked at as if it had been listed"
    example.delete("app", "production")
    assert later(clock, repository).movements == 1
    assert [move.kind for move in Movement.objects.order_by("pk")] == ["forward", "removed"]
    assert Tag.objects.get(name="1.0").state == Tag.State.PRESENT


def test_of_many_tags_that_a_list_leaves_out_some_speak_for_all(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_TAGS", 1)
    example.fault(omit("production", "1.0"), path="/tags/list")
    assert later(clock, repository).movements == 0
    for tag in ("production", "1.0"):
        example.delete("app", tag)
    assert later(clock, repository).movements == 2
    assert {move.kind for move in Movement.objects.all()} == {"removed"}


@pytest.mark.parametrize("answer", [status(500), drop()], ids=["500", "nothing"])
def test_of_what_a_list_leaves_out_nothing_is_removed_without_an_answer(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, answer: FaultAction
) -> None:
    example.delete("app", "production")
    example.delete("app", "1.0")
    example.fault(answer, path="/manifests/(production|1.0)$")
    assert (later(clock, repository).movements, repository.outcome) == (0, "partial")
    assert (production().state, production().disputed_since) == (Tag.State.PRESENT, None)
    example.heal()
    assert (later(clock, repository, 30).movements, repository.outcome) == (2, "complete")
    assert production().state == Tag.State.REMOVED


@pytest.mark.usefixtures("pages")
def test_a_tag_that_was_removed_before_is_not_removed_again_because_a_server_lags(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    for change in (example.delete, partial(example.move, to="2.0")):
        change("app", "production")
        assert later(clock, repository).movements == 1
    for _ in range(2):
        example.fault(omit("production"), path="/tags/list")
        example.fault(status(404), path=PRODUCTION, times=2)  # HEAD and GET of a server that lags, as the list does
        assert (later(clock, repository).movements, repository.outcome) == (0, "partial")
        assert (production().state, production().disputed_since is None) == (Tag.State.PRESENT, False)
        assert production().absent_since is None
        example.heal()
    assert (later(clock, repository).movements, repository.outcome) == (0, "complete")
    assert production().disputed_since is None


def test_a_tag_that_is_really_gone_again_is_removed_by_the_poll_that_sees_it(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    kinds = ["removed", "returned", "removed"]
    for kind in kinds:
        if kind == "removed":
            example.delete("app", "production")
        else:
            example.move("app", "production", "2.0")
        poll = later(clock, repository)
        assert (poll.outcome, poll.movements) == ("complete", 1)
    assert [move.kind for move in Movement.objects.order_by("pk")] == kinds
    first_look, back = 1, 1 + ANSWERS_TO_BE_SURE
    gone = 2 * (1 + ANSWERS_TO_BE_SURE)  # a HEAD that finds nothing is made sure of by a GET
    assert len(example.asked(PRODUCTION)) == first_look + gone + back + gone


def test_a_tag_is_not_removed_because_one_server_has_never_heard_of_it(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.push("app", "pr-17", "a build for a day")
    later(clock, repository)
    example.fault(omit("pr-17"), path="/tags/list", times=1)
    example.fault(status(404), path="/manifests/pr-17", times=2 * ANSWERS_TO_BE_SURE)
    assert (later(clock, repository, minutes=600).movements, repository.outcome) == (0, "partial")
    assert Tag.objects.get(name="pr-17").disputed_since is not None
    assert [move.kind for move in Movement.objects.all()] == ["appeared"]


def test_of_many_tags_that_are_gone_some_speak_for_all(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_GONE", 1)
    gone = ("production", "qatesting", "1.0")
    for tag in gone:
        example.delete("app", tag)
    assert later(clock, repository).movements == len(gone)
    first_look, questions = len(gone), len(gone) + ANSWERS_TO_BE_SURE  # of two requests each
    assert len(example.asked(f"/manifests/({'|'.join(gone)})$")) == first_look + 2 * questions


def test_of_many_tags_that_are_gone_for_one_server_none_is_removed(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_GONE", 1)
    example.fault(omit("production", "qatesting", "1.0"), path="/tags/list")
    example.fault(status(404), path="/manifests/(production|qatesting|1.0)$", times=6)
    assert (later(clock, repository).movements, repository.outcome) == (0, "partial")
    assert set(Tag.objects.filter(disputed_since__isnull=False).values_list("name", flat=True)) == {
        "production",
        "qatesting",
        "1.0",
    }


def test_what_is_in_doubt_no_longer_once_others_are_kept_is_made_sure_of_as_well(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    lagging = sorted(EXAMPLE)[:7]  # more than half of all: a list without them is not believed at once
    example.fault(omit(*lagging), path="/tags/list")
    example.fault(status(404), path=f"/manifests/({'|'.join(lagging)})$", times=2 * 2 * len(lagging))
    assert (later(clock, repository).movements, repository.outcome) == (0, "partial")
    example.delete("app", "production")
    assert "production" not in lagging
    assert (later(clock, repository, minutes=6).movements, repository.outcome) == (1, "partial")
    assert [move.tag.name for move in Movement.objects.all()] == ["production"]
    assert set(Tag.objects.filter(disputed_since__isnull=False).values_list("name", flat=True)) == set(lagging)


@pytest.fixture
def one_speaks_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the tags that a list leaves out the first by name is asked for, and no other."""

    def first_by_name(cls: type[agreement.Sample], tags: Set[str], _most: int) -> agreement.Sample:
        return cls(tags, {*sorted(tags)[:1]})

    monkeypatch.setattr(agreement.Sample, "of", classmethod(first_by_name))


@pytest.mark.parametrize("pages", [2], indirect=True, ids=["in parts"])
@pytest.mark.usefixtures("pages", "one_speaks_for_all")
def test_a_list_that_proves_no_absence_confirms_none_that_another_told_of(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    later(clock, repository)
    left_out, pages = omit("1.0", "1.1"), itertools.count()
    example.fault(lambda exchange: (left_out if next(pages) < 3 else web_page())(exchange), path="/tags/list")
    example.fault(status(404), path="/manifests/1.[01]$")
    later(clock, repository)  # the first part was noted before the list broke off
    example.heal()
    example.fault(omit("1.0", "1.1"), path="/tags/list")
    later(clock, repository, minutes=60)
    assert not Movement.objects.exists()
    assert not Tag.objects.exclude(absent_since=None).exists()


@pytest.mark.usefixtures("pages", "one_speaks_for_all")
def test_what_a_list_that_proves_no_absence_left_out_is_still_sought(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    later(clock, repository)
    example.fault(omit("1.0", "1.1"), path="/tags/list")
    assert later(clock, repository).movements == 0
    example.heal()
    example.delete("app", "1.1")
    assert later(clock, repository).movements == 1
    assert Tag.objects.get(name="1.1").state == Tag.State.REMOVED


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("answers", [0, 2], ids=["there at once", "there when asked again"])
def test_a_list_that_leaves_out_what_is_there_does_not_say_that_a_new_tag_was_not(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, answers: int
) -> None:
    clock.shift(5 * MINUTE)
    example.push("app", "2.3")
    pushed = timezone.now()
    example.fault(omit("production", "2.3"), path="/tags/list")
    example.fault(status(404), path=PRODUCTION, times=answers)
    assert later(clock, repository).movements == 0
    example.heal()
    assert later(clock, repository).movements == 1
    move = Movement.objects.get()
    assert (move.tag.name, move.after <= pushed <= move.before) == ("2.3", True)


@pytest.mark.usefixtures("pages")
def test_a_tag_without_an_answer_keeps_no_other_from_being_removed(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.delete("app", "1.0")
    example.delete("app", "production")
    example.fault(status(403), path="/manifests/1.0$")
    later(clock, repository)
    assert [move.tag.name for move in Movement.objects.all()] == ["production"]
    example.heal()
    later(clock, repository, minutes=60)
    gone = Movement.objects.latest("pk")
    assert gone.tag.name == "1.0"
    assert gone.after < production().before, "for the list that left it out first may have been right"


@pytest.mark.parametrize("digest", ["2.0", "2.2"])
@pytest.mark.parametrize("failing", [False, True])
def test_a_return_is_made_sure_of_wherever_the_tag_is_and_whatever_came_between(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, digest: str, failing: bool
) -> None:
    example.delete("app", "production")
    assert later(clock, repository).movements == 1
    example.move("app", "production", digest)  # so say the list and the first server
    if failing:
        example.fault(status(500), path=PRODUCTION)
        assert later(clock, repository, minutes=20).movements == 0
        example.heal()
    example.fault(status(404), path=PRODUCTION, skip=1)
    assert (later(clock, repository, minutes=60).movements, repository.outcome) == (0, "partial")
    example.heal()
    assert later(clock, repository).movements == 1
    assert Movement.objects.latest("pk").kind == "returned"


def test_what_a_first_list_told_before_it_broke_off_is_sought_by_the_next(
    example: FakeRegistry, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.most_per_page = 2
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 4)
    repository = watched(example)
    example.fault(web_page(), path="/tags/list", skip=3)
    polling.poll(repository)
    example.heal()
    example.fault(omit("1.0"), path="/tags/list")
    assert (later(clock, repository, minutes=60).movements, repository.outcome) == (0, "complete")
    tag = Tag.objects.get(name="1.0")
    assert (tag.state, tag.disputed_since) == (Tag.State.PRESENT, None)


def test_a_few_questions_without_an_answer_hold_back_only_what_they_were_about(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_TAGS", 3)
    pointers = ("latest", "perftesting", "production", "qatesting")
    for pointer in pointers:
        example.move("app", pointer, "1.0")
    moved = f"/manifests/({'|'.join(pointers)})$"
    example.fault(status(503), path=moved, skip=len(pointers), times=1)
    assert (later(clock, repository, minutes=1).movements, repository.outcome) == (len(pointers) - 1, "partial")


@pytest.mark.parametrize(("interval", "minutes"), [(300, 1), (60, 4), (3600, 50)])
def test_what_was_never_seen_is_not_believed_so_soon_after_a_move(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, interval: int, minutes: float
) -> None:
    """Two moves between two looks: a server that has heard only of the first tells of what no look has ever found."""
    Repository.objects.update(interval=interval)
    example.move("app", "production", "2.1")
    example.fault(out_of_step(example, in_turn()), path=PRODUCTION)
    example.move("app", "production", "2.2")
    assert later(clock, repository, interval / 60 + 5).movements == 1
    assert (later(clock, repository, minutes).movements, repository.outcome) == (0, "partial")
    assert (production().digest, production().disputed_since is None) == (example.repositories["app"]["2.2"], False)
    example.heal()
    assert (later(clock, repository, minutes=1).movements, repository.outcome) == (0, "complete")
    assert production().disputed_since is None
    assert Movement.objects.get().to_version == "2.2"


def test_real_moves_that_follow_each_other_closely_are_recorded_by_the_polls_that_see_them(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    for version in ("2.1", "2.2", "1.3"):
        before = repository.checked_at
        example.move("app", "production", version)
        assert (later(clock, repository, minutes=1).movements, repository.outcome) == (1, "complete")
        move = Movement.objects.latest("pk")
        assert (move.to_version, before <= move.after < move.before <= repository.polled_at) == (version, True)


@pytest.mark.usefixtures("pages")
def test_a_new_tag_is_not_removed_because_a_server_has_not_heard_of_it(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.push("app", "2.3")
    assert later(clock, repository).movements == 1
    example.fault(omit("2.3"), path="/tags/list")
    example.fault(status(404), path="/manifests/2.3", times=2)  # HEAD and GET of a server that lags, as the list does
    assert (later(clock, repository, minutes=1).movements, repository.outcome) == (0, "partial")
    example.heal()
    assert (later(clock, repository, minutes=1).movements, repository.outcome) == (0, "complete")
    assert Tag.objects.get(name="2.3", state=Tag.State.PRESENT).disputed_since is None
    example.delete("app", "2.3")
    assert later(clock, repository, minutes=1).movements == 1, "this time it is so"
    assert Tag.objects.get(name="2.3").state == Tag.State.REMOVED


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize(
    ("fault", "answers", "minutes"), [(status(404), 1, 1), (status(404), 1, 60), (status(500), 0, 60)]
)
def test_a_tag_that_is_gone_is_not_back_because_a_server_has_not_heard_of_that(
    example: FakeRegistry,
    repository: Repository,
    clock: time_machine.Traveller,
    fault: FaultAction,
    answers: int,
    minutes: float,
) -> None:
    example.delete("app", "production")
    assert later(clock, repository).movements == 1
    example.move("app", "production", "2.0")  # so say its list and the first server
    example.fault(fault, path=PRODUCTION, skip=answers)
    assert (later(clock, repository, minutes).movements, repository.outcome) == (0, "partial")
    example.heal()
    example.delete("app", "production")
    assert (later(clock, repository, minutes=5).movements, repository.outcome) == (0, "complete")
    assert production().state == Tag.State.REMOVED
    assert Movement.objects.get().kind == "removed"
    call_command("rebuild_tags", "--check")


def test_a_version_in_dispute_is_looked_at_until_they_agree(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller
) -> None:
    example.push("app", "1.0", "rebuilt")
    polling.poll(repository, every_tag=True)
    example.fault(out_of_step(example, in_turn()), path="/manifests/1.0")
    example.push("app", "1.0", EXAMPLE["1.0"])
    polling.poll(repository, every_tag=True)
    assert Tag.objects.get(name="1.0").disputed_since is not None
    example.heal()
    later(clock, repository)
    assert Tag.objects.get(name="1.0").disputed_since is None
    assert [move.kind for move in Movement.objects.order_by("pk")] == ["rebuilt", "rebuilt"]


def test_more_tags_than_are_asked_for_again_are_believed_if_those_are(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "MOST_TAGS", 1)
    for version in ("2.2", "2.1"):
        for pointer in ("qatesting", "perftesting"):
            example.move("app", pointer, version)
        poll = later(clock, repository)
        assert (poll.outcome, poll.movements) == ("complete", 2)


def test_who_loses_the_lease_meanwhile_writes_nothing(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.move("app", "production", "2.1")
    later(clock, repository)
    example.move("app", "production", "2.0")
    last = repository.polled_at

    ask_again = polling.ask_again

    def ask_again_and_lose(*asked: Any) -> Listing:
        sure = ask_again(*asked)
        Repository.objects.update(lease_token=None)
        return sure

    monkeypatch.setattr(polling, "ask_again", ask_again_and_lose)
    assert later(clock, repository).outcome == polling.SKIPPED
    assert Movement.objects.count() == 1
    assert Repository.objects.get().polled_at == last


def test_asking_again_ends_with_the_time_of_the_poll(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.move("app", "production", "2.1")
    later(clock, repository)
    example.move("app", "production", "2.0")
    example.fault(hang(), path=PRODUCTION, skip=1)
    monkeypatch.setattr(polling, "SECONDS_OF_A_PART", 0.5)
    monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.1)
    poll = later(clock, repository)
    assert (poll.outcome, poll.movements) == ("partial", 0)
    assert poll.error.endswith("time limit: the 0.5 s of a poll were over")
    assert production().digest == example.repositories["app"]["2.1"]


def test_parts_of_a_long_list_are_asked_for_again_as_well(
    example: FakeRegistry, repository: Repository, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    example.most_per_page = 2
    monkeypatch.setattr(polling, "NAMES_IN_A_PART", 4)
    dispute(clock, example, repository)
    example.heal()
    assert later(clock, repository).outcome == "complete"
    assert production().disputed_since is None
    assert Movement.objects.count() == 1


class Bulky(Client):
    """A kind that tells all in one answer, of which its first server knows."""

    digests: dict[str, str] = {}

    def bulk(self, question: Question) -> Bulk | None:
        walk = self._walk(question)
        looks = {tag: self._look_up(question.send, question.repository, "latest") for tag in walk.names}
        told = {tag: dataclasses.replace(seen, tag=tag, digest=self.digests[tag]) for tag, seen in looks.items()}
        return Bulk(walk.sent_at, walk.received_at, told)


def test_an_answer_in_bulk_is_held_against_those_of_the_servers(
    example: FakeRegistry, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "bulky", Bulky)
    monkeypatch.setattr(Bulky, "digests", example.repositories["app"])
    repository = watched(example)
    Registry.objects.update(kind="bulky")
    repository = Repository.objects.select_related("registry").get()
    polling.poll(repository)
    example.move("app", "production", "2.1")
    assert later(clock, repository).movements == 1
    assert not example.asked(PRODUCTION)
    monkeypatch.setattr(
        Bulky, "digests", {**example.repositories["app"], "production": example.repositories["app"]["2.0"]}
    )
    assert (later(clock, repository).movements, production().disputed_since is None) == (0, False)
    assert len(example.asked(PRODUCTION, "HEAD")) == 1
    example.move("app", "production", "2.0")
    assert (later(clock, repository).movements, production().disputed_since) == (1, None)
    assert len(example.asked(PRODUCTION, "HEAD")) == 1 + ANSWERS_TO_BE_SURE
