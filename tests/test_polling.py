"""A poll as a whole: over real HTTP into the real database."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import OperationalError

from tags import clients, polling
from tags.models import Coverage, Movement, Registry, Repository, Tag
from tags.models.repository import NEWEST
from tags.registry import KINDS, BadAnswer, Client, Listing, Past, RateLimited, ServerError, TimedOut, looking
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tags.registry.listing import Bulk, Question
from tests.factories import watched
from tests.fakeregistry import Answer, Exchange, FakeRegistry
from tests.faults import cut, delay, hang, status
from tests.listings import EXAMPLE, START, at, seen
from tests.models.test_looks import left_out

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from django.test import Client as DjangoClient

pytestmark = pytest.mark.django_db

real_connect = clients.connect


def test_a_move_in_the_registry_becomes_a_movement(example: FakeRegistry) -> None:
    repository = watched(example)
    first = polling.poll(repository)
    assert (first.outcome, first.tags, first.movements, first.requests) == ("complete", 12, 0, 13)
    example.move("app", "production", "2.1")
    second = polling.poll(repository, every_tag=True)
    # It moved so soon after it was first seen that one answer is not enough.
    assert (second.outcome, second.movements, second.requests) == ("complete", 1, 13 + ANSWERS_TO_BE_SURE)
    assert Movement.objects.get().sentence == "production moved forward from 2.0 to 2.1"


@pytest.mark.parametrize(
    ("fault", "path", "outcome", "reason"),
    [
        (status(500), "/tags/list", "failed", ServerError.reason),
        (status(503), "/manifests/", "partial", ServerError.reason),
        (cut(), "/tags/list", "failed", BadAnswer.reason),
    ],
    ids=["list 500", "looks 503", "list cut"],
)
def test_a_registry_that_fails_removes_nothing_and_leaves_a_gap(
    example: FakeRegistry, fault, path: str, outcome: str, reason: str
) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.fault(fault, path=path)
    assert polling.poll(repository).outcome == outcome
    assert not Movement.objects.exists()
    assert not Tag.objects.exclude(state=Tag.State.PRESENT).exists()
    assert Coverage.objects.last().reason == reason
    assert repository.error
    assert repository.reason == reason
    example.heal()
    assert polling.poll(repository).outcome == "complete"
    assert not repository.reason
    assert not Movement.objects.exists()


def test_a_registry_that_never_answers_times_out(example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watched(example)
    polling.poll(repository)
    monkeypatch.setattr(clients, "connect", lambda settings, **more: real_connect(settings, deadline=0.3, **more))
    clients._clients.clear()
    example.fault(hang(), path="/tags/list")
    assert polling.poll(repository).outcome == "failed"
    assert Coverage.objects.last().reason == TimedOut.reason
    assert not Movement.objects.exists()


def test_a_half_finished_listing_keeps_what_its_other_half_held() -> None:
    with FakeRegistry(most_per_page=5) as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        repository = watched(registry)
        polling.poll(repository)
        registry.fault(status(502), path="last=")
        result = polling.poll(repository)
        assert result.outcome == "partial"
        assert not Movement.objects.exists()
        assert Coverage.objects.last().reason == ServerError.reason


def test_polls_share_one_token() -> None:
    with FakeRegistry(auth="bearer", username="reader", password="pass") as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        repository = watched(registry)
        for _ in range(2):
            assert polling.poll(repository).outcome == "complete"
        assert len(registry.asked("^/token")) == 1
        assert not registry.asked("^/v2/$")


def test_somebody_else_s_repository_is_left_alone(example: FakeRegistry) -> None:
    repository = watched(example)
    repository.claim()
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert example.requests == []


def test_a_long_poll_keeps_its_lease_alive(example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watched(example)
    renewed_often = threading.Event()
    renewals = iter([lambda: None, lambda: None, renewed_often.set])
    monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.02)
    monkeypatch.setattr(Repository, "renew", lambda self, lease: next(renewals, lambda: None)() is None)
    # The list does not come before the lease was renewed three times.
    example.fault(lambda exchange: not renewed_often.wait(10), path="/tags/list", times=1)
    assert polling.poll(repository).outcome == "complete"
    assert renewed_often.is_set()


def test_a_poll_that_lost_its_lease_stops_and_writes_nothing(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.05)
    monkeypatch.setattr(Repository, "renew", lambda self, lease: False)
    example.fault(hang(), path="/tags/list")
    assert polling.poll(repository).outcome == polling.SKIPPED
    assert not Tag.objects.exists()


def test_a_poll_s_facts_are_what_the_json_of_the_command_promises(example: FakeRegistry) -> None:
    fields = dataclasses.asdict(polling.poll(watched(example)))
    assert list(fields) == ["repository", "outcome", "tags", "movements", "requests", "seconds", "error"]
    json.dumps(fields)


def test_a_mistake_of_ours_is_a_failed_poll_and_not_tried_again_at_once(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    mistake = RuntimeError("a mistake of ours")
    monkeypatch.setattr(Client, "listing", lambda *args, **kwargs: (_ for _ in ()).throw(mistake))
    with pytest.raises(RuntimeError):
        polling.poll(repository)
    repository.refresh_from_db()
    assert (repository.outcome, repository.lease_token) == ("failed", None)
    assert "broken off" in repository.error
    assert Repository.objects.claim_due(limit=1, share=4) == []


POINTERS = ("latest", "production", "qatesting")


class TestTwoSpeeds:
    """A registry that has to be asked for each tag by itself, with 500 of them."""

    @pytest.fixture
    def many(self, fake_registry: FakeRegistry) -> FakeRegistry:
        for number in range(497):
            fake_registry.push("app", f"1.{number}.0", str(number))
        for pointer in POINTERS:
            fake_registry.push("app", pointer, "496")
        return fake_registry

    @pytest.fixture
    def clock(self) -> Iterator[time_machine.Traveller]:
        with time_machine.travel(START, tick=True) as traveller:
            yield traveller

    def steady(self, repository: Repository) -> dict[str, Any]:
        out = io.StringIO()
        call_command("poll", repository.reference, "--steady", "--json", stdout=out)
        [poll] = json.loads(out.getvalue())
        return poll

    def test_in_steady_state_a_poll_costs_the_list_and_the_pointers(self, many: FakeRegistry) -> None:
        repository = watched(many)
        assert polling.poll(repository).requests == 501
        for _ in range(2):
            poll = self.steady(repository)
            assert (poll["outcome"], poll["tags"], poll["requests"]) == ("complete", 500, 1 + len(POINTERS))

    def test_what_is_new_is_looked_at_at_once(self, many: FakeRegistry) -> None:
        repository = watched(many)
        polling.poll(repository)
        many.push("app", "2.0.0")
        many.push("app", "staging")
        assert [self.steady(repository)["requests"] for _ in range(3)] == [6, 5 + NEWEST, 5]
        assert set(Movement.objects.values_list("tag__name", flat=True)) == {"2.0.0", "staging"}

    def test_asked_by_people_it_looks_at_everything(self, many: FakeRegistry) -> None:
        repository = watched(many)
        polling.poll(repository)
        assert polling.poll(repository, every_tag=True).requests == 501

    def test_within_a_day_each_version_is_looked_at_and_no_poll_takes_them_all(
        self, many: FakeRegistry, clock: time_machine.Traveller
    ) -> None:
        repository = watched(many)
        Repository.objects.update(interval=3600)
        polling.poll(repository)
        many.requests.clear()
        costs = []
        for hour in range(1, 25):
            clock.move_to(START + dt.timedelta(hours=hour))
            costs.append(polling.poll(Repository.objects.get()).requests)
        looked_at = {request.path.rpartition("/")[2] for request in many.asked("/manifests/1", "HEAD")}
        assert len(looked_at) == 497
        assert max(costs) < 100
        oldest = min(tag.last_look for tag in repository.tags.select_related("repository__sweep"))
        assert oldest > clock_now() - dt.timedelta(hours=23, minutes=1)

    def test_a_version_pushed_again_is_found_by_the_sweep_since_its_own_last_look(
        self, many: FakeRegistry, clock: time_machine.Traveller
    ) -> None:
        repository = watched(many)
        Repository.objects.update(interval=3600)
        polling.poll(repository)
        looks = {}
        for hour in range(1, 60):
            clock.move_to(START + dt.timedelta(hours=hour))
            if hour == 30:
                many.push("app", "1.7.0", "pushed again")
                pushed = clock_now()
                looks = {tag.name: tag.last_look for tag in Repository.objects.get().tags.all()}
            if polling.poll(Repository.objects.get()).movements:
                break
        movement = Movement.objects.get()
        assert movement.sentence == "1.7.0 was rebuilt: same name, new content"
        assert movement.after == looks["1.7.0"]
        assert movement.after < pushed < movement.before < pushed + dt.timedelta(hours=23)
        assert movement.before - movement.after < dt.timedelta(hours=23)
        assert not movement.across_gap

    def test_a_pointer_that_moved_to_a_version_pushed_again_has_its_name_one_poll_later(
        self, many: FakeRegistry, clock: time_machine.Traveller
    ) -> None:
        repository = watched(many)
        polling.poll(repository)
        clock.shift(dt.timedelta(hours=1))
        many.push("app", "1.495.0", "pushed again")
        many.push("app", "production", "pushed again")
        assert self.steady(repository)["requests"] == 1 + len(POINTERS)
        assert Movement.objects.get().to_version is None
        assert Repository.objects.due(clock_now()).exists()
        assert self.steady(repository)["requests"] == 1 + len(POINTERS) + NEWEST
        assert not Repository.objects.due(clock_now()).exists()
        assert Movement.objects.get(tag__name="production").to_version == "1.495.0"
        assert Movement.objects.get(tag__name="1.495.0").kind == "rebuilt"

    def test_a_registry_that_had_too_much_is_spared_the_sweep(
        self, many: FakeRegistry, clock: time_machine.Traveller
    ) -> None:
        repository = watched(many)
        polling.poll(repository)
        clock.move_to(START + dt.timedelta(hours=12))
        assert len(left_out(Repository.objects.get(), clock_now())) < 497
        repository.registry.cautious_until = clock_now() + dt.timedelta(minutes=1)
        repository.registry.save()
        assert len(left_out(Repository.objects.get(), clock_now())) == 497


def clock_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class TestPast:
    """What a poll hands to the client of what is known."""

    @pytest.fixture
    def given(self, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
        """The cursor and the digests that each listing was given, of a client that answers with a cursor."""
        given: list[tuple[str, dict[str, str]]] = []

        def listing(self: Client, name: str, look: Any, progress: Any, stop: Any, past: Past, part: Any) -> Listing:
            given.append((past.cursor, dict(past.digests)))
            return seen({"1.0": "a"}, 0, cursor=f"cursor {len(given)}")

        monkeypatch.setattr(Client, "listing", listing)
        return given

    def test_a_scheduled_poll_goes_on_where_the_last_one_ended(self, fake_registry: FakeRegistry, given: list) -> None:
        with time_machine.travel(at(1), tick=True):
            repository = watched(fake_registry)
            for every_tag in (False, False, True):
                assert polling.poll(repository, every_tag=every_tag).outcome == "complete"
        known = {"1.0": seen({"1.0": "a"}, 0).observations[0].digest}
        assert given == [("", {}), ("cursor 1", known), ("", known)]

    def test_who_asks_for_the_past_when_the_lease_is_lost_is_not_left_waiting(
        self, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = threading.Event()

        def listing(
            self: Client, name: str, look: Any, progress: Any, stop: threading.Event, past: Past, part: Any
        ) -> Listing:
            stop.wait(10)
            lost.set()
            return seen(past.digests, 0)

        monkeypatch.setattr(Client, "listing", listing)
        monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.02)
        monkeypatch.setattr(Repository, "renew", lambda self, lease: False)
        assert polling.poll(watched(fake_registry)).outcome == polling.SKIPPED
        assert lost.is_set()


def test_a_registry_that_wants_no_more_now_is_a_failed_poll_in_words(example: FakeRegistry) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.fault(status(429, {"Retry-After": "60"}), path="/tags/list")
    assert polling.poll(repository).outcome == "failed"
    assert Coverage.objects.last().reason == RateLimited.reason


class Lagging(Client):
    """A kind whose own way is five minutes behind, told by the registry's list."""

    LAG = dt.timedelta(minutes=5)

    def bulk(self, question: Question) -> Bulk | None:
        walk = self._walk(question)
        bulk = Bulk(walk.sent_at, walk.received_at)
        for tag in walk.names - self.left_out:
            seen = self._look_up(question.send, question.repository, tag)
            bulk.observations[tag] = dataclasses.replace(seen, digest=self.remembered.get(tag, seen.digest))
        return bulk

    left_out: frozenset[str] = frozenset()
    remembered: dict[str, str] = {}


@pytest.fixture
def lagging(monkeypatch: pytest.MonkeyPatch) -> type[Lagging]:
    monkeypatch.setitem(KINDS, "lagging", Lagging)
    monkeypatch.setattr(Lagging, "left_out", frozenset())
    monkeypatch.setattr(Lagging, "remembered", {})
    return Lagging


def of_kind(kind: str, registry: FakeRegistry) -> Repository:
    repository = watched(registry)
    repository.registry.kind = kind
    repository.registry.save()
    return repository


@pytest.mark.usefixtures("lagging")
def test_an_api_that_lags_behind_is_not_asked_again_at_once(example: FakeRegistry) -> None:
    repository = of_kind("lagging", example)
    lease = repository.claim()
    polling.poll(repository, lease)
    assert not Repository.objects.claim_due(limit=1, share=4)


def test_an_api_that_lags_behind_rolls_nothing_back(example: FakeRegistry, lagging: type[Lagging]) -> None:
    old = example.repositories["app"]["production"]
    repository = of_kind("oci", example)
    polling.poll(repository)
    example.move("app", "production", "2.1")
    polling.poll(repository)
    Registry.objects.update(kind="lagging")
    lagging.remembered = {"production": old}
    repository = Repository.objects.select_related("registry").get()
    assert polling.poll(repository).outcome == "complete"
    assert [move.kind for move in Movement.objects.all()] == ["forward"]


def test_what_a_search_leaves_out_is_there_as_long_as_it_is_listed(
    example: FakeRegistry, lagging: type[Lagging]
) -> None:
    example.forget_manifest(example.push("app", "odd", "no image"))
    repository = of_kind("oci", example)
    polling.poll(repository)
    Registry.objects.update(kind="lagging")
    lagging.left_out = frozenset({"odd"})
    polling.poll(Repository.objects.select_related("registry").get())
    assert Tag.objects.get(name="odd").state == Tag.State.MISSING


def test_an_empty_list_is_not_believed_while_a_tag_of_before_is_there(example: FakeRegistry) -> None:
    repository = watched(example)
    polling.poll(repository)
    example.fault(status(200, body=b"{}"), path="/tags/list")
    for _ in range(3):
        assert polling.poll(repository).outcome == "failed"
        Repository.objects.update(polled_at=START)
    assert "lists no tags, and yet 1.0 is there" in repository.error
    assert not Tag.objects.exclude(state=Tag.State.PRESENT).exists()


def test_a_repository_that_was_emptied_is_looked_at_once_more_and_believed_in_time(example: FakeRegistry) -> None:
    repository = watched(example)
    with time_machine.travel(START, tick=True):
        polling.poll(repository)
    example.repositories["app"].clear()
    for minute in (10, 20):
        with time_machine.travel(at(minute), tick=True):
            polling.poll(Repository.objects.select_related("registry").get())
    assert not Tag.objects.exclude(state=Tag.State.REMOVED).exists()


def test_a_poll_that_takes_too_long_leaves_the_rest_to_the_next_and_says_so(
    example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = watched(example)
    monkeypatch.setattr(looking, "MOST_SECONDS", -1.0)
    assert polling.poll(repository).outcome == "partial"
    assert "12 of 12 tags could not be looked at: the poll's -1 s were over" in repository.error
    assert not example.asked("/manifests/")
    monkeypatch.undo()
    assert polling.poll(repository).outcome == "complete"


def test_what_one_repository_is_read_without_another_may_still_wait_for(fake_registry: FakeRegistry) -> None:
    challenge = {"WWW-Authenticate": 'Bearer realm="http://127.0.0.2:1/token",service="elsewhere"'}
    fake_registry.fault(status(401, challenge), path="private")
    for name in ("private", "public"):
        fake_registry.push(name, "latest")
    waiting, open_to_all = (watched(fake_registry, name) for name in ("private", "public"))
    for repository in (waiting, open_to_all, open_to_all):
        polling.poll(Repository.objects.select_related("registry").get(pk=repository.pk))
    assert Registry.objects.get().proposed_realm == "http://127.0.0.2:1/token"
    fake_registry.heal()
    polling.poll(Repository.objects.select_related("registry").get(pk=waiting.pk))
    assert Registry.objects.get().proposed_realm == ""


class TestTimeLimit:
    """A poll ends by itself before Celery ends it."""

    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "SECONDS_OF_A_PART", 0.5)
        monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.1)

    def test_it_is_partial_then_and_what_was_learnt_is_kept(self, example: FakeRegistry) -> None:
        repository = watched(example)
        example.fault(hang(), path="/manifests/production")
        poll = polling.poll(repository)
        assert (poll.outcome, poll.tags) == ("partial", len(EXAMPLE))
        assert poll.error == "1 of 12 tags could not be looked at: time limit: the 0.5 s of a poll were over"
        assert repository.tags.filter(state=Tag.State.PRESENT).count() == len(EXAMPLE) - 1
        assert repository.tags.get(name="production").state == Tag.State.UNKNOWN

    def test_a_list_that_does_not_come_in_time_removes_nothing(self, example: FakeRegistry) -> None:
        repository = watched(example)
        polling.poll(repository)
        example.fault(hang(), path="/tags/list")
        poll = polling.poll(repository)
        assert (poll.outcome, poll.error) == ("failed", "time limit: the 0.5 s of a poll were over")
        assert repository.tags.present().count() == len(EXAMPLE)
        assert Coverage.objects.last().reason == "time limit of a poll"


class TestDatabaseThatGoesAway:
    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(polling, "SECONDS_UNTIL_ASKED_AGAIN", 0)
        monkeypatch.setattr(polling.connection, "close", lambda: None)  # the test's transaction is in it

    def test_what_was_seen_is_written_down_once_it_is_back(
        self, example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record, away = Repository.record, iter([True, True, False])

        def sometimes(*args: Any, **kwargs: Any) -> Any:
            if next(away):
                raise OperationalError("server closed the connection unexpectedly")
            return record(*args, **kwargs)

        monkeypatch.setattr(Repository, "record", sometimes)
        assert polling.poll(watched(example)).outcome == "complete"
        assert Tag.objects.count() == len(EXAMPLE)

    def test_it_is_not_waited_for_without_end(self, example: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(*args: Any, **kwargs: Any) -> Any:
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(polling, "SECONDS_TO_STORE", 0.2)
        monkeypatch.setattr(Repository, "record", never)
        with pytest.raises(OperationalError):
            polling.poll(watched(example))

    def test_a_lease_that_cannot_be_renewed_for_a_moment_is_not_lost(
        self, example: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        renew, asked = Repository.renew, []

        def sometimes(self: Repository, lease: uuid.UUID) -> bool:
            asked.append(lease)
            if len(asked) == 1:
                raise OperationalError("server closed the connection unexpectedly")
            return renew(self, lease)

        monkeypatch.setattr(polling, "SECONDS_BETWEEN_RENEWALS", 0.05)
        monkeypatch.setattr(Repository, "renew", sometimes)
        example.fault(delay(0.3), path="/tags/list")
        assert polling.poll(watched(example)).outcome == "complete"
        assert len(asked) > 1


def test_names_that_no_tag_can_have_cost_nothing_but_themselves_and_are_told(
    example: FakeRegistry, client: DjangoClient
) -> None:
    hostile = ["<script>alert(1)</script>", "nul\0", "\ud800", "x" * 129, "-dash", 17, None, {"a": []}]

    def more(exchange: Exchange) -> None:
        usual = exchange.usual()
        names = [*hostile, *json.loads(usual.body)["tags"]]
        exchange.answer(Answer(usual.status, usual.headers, json.dumps({"tags": names}).encode()))

    example.fault(more, path="/tags/list", times=1)
    repository = watched(example)
    poll = polling.poll(repository)
    assert (poll.outcome, poll.tags) == ("complete", len(EXAMPLE))
    assert Repository.objects.get().refused_names == len(hostile)
    page = client.get(repository.get_absolute_url()).content.decode()
    assert "8 names in its list are none that a tag can have" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    polling.poll(repository)
    assert "that a tag can have" not in client.get(repository.get_absolute_url()).content.decode()
