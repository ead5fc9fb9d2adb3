"""No tag claims a look it did not get, whatever polls, failures and people do."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import time_machine

from tags.models import AskAgain, Repository, Sweep, Tag, recording
from tags.models.looks import whole_slices
from tags.models.sweep import SLICES, slice_of
from tags.registry import Listing, Observation, Span, TimedOut
from tests.listings import EXAMPLE, SECOND, START, at, digest, make_repository, record, seen

if TYPE_CHECKING:
    from tags.models import Movement

pytestmark = pytest.mark.django_db

FAILED = TimedOut("registry timed out")


@pytest.fixture
def repository() -> Repository:
    return make_repository()


def last_look(repository: Repository, name: str) -> dt.datetime | None:
    return repository.tags.get(name=name).last_look


def left_out(repository: Repository, now: dt.datetime) -> set[str]:
    """The tags that a scheduled poll need not look at."""
    repository = Repository.objects.select_related("registry", "sweep").get(pk=repository.pk)
    names = set(repository.tags.present().values_list("name", flat=True))
    return names - repository.turn(names, Span(), repository.slices_due(now))


def crowded(count: int) -> list[str]:
    """Versions that fall into few slices, so that some share one."""
    found = (f"1.0.{number}" for number in range(10_000))
    return [name for name in found if slice_of(name) < 4][:count]


class World:
    """A registry, a repository that is polled at random, and what is really so: the last look of each tag."""

    def __init__(self, seed: int, *, is_forgetful: bool = False) -> None:
        self.random = random.Random(seed)
        self.repository = make_repository(f"app-{seed}-{is_forgetful}")
        self.is_forgetful = is_forgetful  # has every row read at each poll
        self.now = START
        self.content = {name: name for name in (*crowded(9), "latest", "production", "qatesting", "rollback")}
        self.true_look: dict[str, dt.datetime] = {}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def some(self, share: float) -> set[str]:
        return {name for name in self.content if self.chance(share)}

    def live(self) -> None:
        """What happens between two polls: time, moves, new and deleted tags, people who know better."""
        self.now += dt.timedelta(minutes=self.random.choice((1, 5, 60, 600)), microseconds=self.random.randrange(10**6))
        for name in self.some(0.1):
            self.content[name] = f"{name} at {self.now}"
        if self.chance(0.1):
            self.content[self.random.choice(crowded(14))] = f"new at {self.now}"
        if self.chance(0.1):
            del self.content[self.random.choice(list(self.content))]
        tags = self.repository.tags.filter(name__in=self.some(0.1))
        self.random.choice((tags.forget_role, lambda: tags.set_role("pointer"), lambda: tags.set_role("version")))()

    def look(self) -> tuple[Listing, list[Movement]]:
        spared = self.random.choice((frozenset(), left_out(self.repository, self.now), self.some(0.5)))
        vouched = {
            tag.name
            for tag in self.repository.tags.filter(state=Tag.State.PRESENT, name__in=spared)
            if digest(self.content.get(tag.name, "")) == tag.digest
        }
        asked = [name for name in self.content if name not in spared]
        failing = frozenset(name for name in asked if self.chance(self.random.choice((0, 0.1, 0.9))))
        complete = self.chance(0.8)
        listing = Listing(
            repository=self.repository.name,
            tags=frozenset(self.content),
            observations=tuple(self._answer(name) for name in asked if name not in failing),
            failures=dict.fromkeys(failing, FAILED),
            complete=complete,
            error=None if complete and not failing else FAILED,
            sent_at=self.now,
            received_at=self.now + SECOND,
            requests=1,
            refused_names=0,
            proves_absence=self.chance(0.7),
            vouched=frozenset(vouched if self.chance(0.3) else ()),
        )
        return listing, self._record(listing)

    def _answer(self, name: str) -> Observation:
        sent = self.now + self.random.random() * 20 * SECOND
        is_missing = self.chance(0.05)
        return Observation(name, None if is_missing else digest(self.content[name]), sent, sent + SECOND)

    def _record(self, listing: Listing) -> list[Movement]:
        if self.is_forgetful:
            Repository.objects.filter(pk=self.repository.pk).update(fingerprint="")
        with time_machine.travel(listing.sent_at + 30 * SECOND, tick=False):
            lease = self.repository.claim()
            assert lease is not None
            try:
                return self.repository.record(listing, lease)
            except AskAgain as doubt:
                return self.repository.record(replace(listing, asked_again=frozenset(doubt.tags)), lease)

    def looks(self) -> dict[str, dt.datetime | None]:
        """What is claimed, by all that is there."""
        there = self.repository.tags.select_related("repository__sweep").present()
        return {tag.name: tag.last_look for tag in there}


@pytest.mark.parametrize("seed", range(4))
def test_no_tag_claims_a_look_that_it_did_not_get(seed: int) -> None:
    world = World(seed)
    found: dict[str, dt.datetime | None] = {}  # the last looks that found an image
    for _poll in range(25):
        world.live()
        known = world.looks()
        missing = world.repository.tags.filter(state=Tag.State.MISSING).values_list("name", flat=True)
        found |= {name: look for name, look in known.items() if name not in missing}
        listing, movements = world.look()
        claimed = world.looks()
        sent = dict.fromkeys(listing.vouched & known.keys(), listing.sent_at)
        sent |= {seen.tag: seen.sent_at for seen in listing.observations}
        for name, look in claimed.items():
            if name not in sent:
                assert look == known.get(name), "it was not looked at"
            else:
                assert look is not None
                assert listing.sent_at.replace(microsecond=0) <= look <= sent[name]
        for movement in movements:
            if movement.from_digest and movement.to_digest:
                assert movement.after == found[movement.tag.name]


@pytest.mark.parametrize("many", [recording.MANY, 0], ids=["few looks", "many looks"])
@pytest.mark.parametrize("seed", range(2))
def test_a_poll_that_reads_but_the_rows_that_count_writes_the_same_as_one_that_reads_all(
    seed: int, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MANY", many)
    worlds = World(seed), World(seed, is_forgetful=True)
    rows = [field.name for field in Tag._meta.fields if field.name not in ("id", "repository")]
    for _poll in range(25):
        for world in worlds:
            world.live()
            world.look()
        one, other = (list(world.repository.tags.order_by("name").values(*rows)) for world in worlds)
        assert one == other
        assert worlds[0].looks() == worlds[1].looks()


def test_what_was_looked_at_on_its_turn_carries_no_time_of_its_own(repository: Repository) -> None:
    record(repository, seen(EXAMPLE, 0))
    assert not repository.tags.filter(looked_at__isnull=False).exists()
    assert set(repository.tags.filter(swept=True).values_list("name", flat=True)) == {
        name for name, version in EXAMPLE.items() if name == version
    }


def test_a_scheduled_poll_moves_the_clock_of_the_pointers_alone(repository: Repository) -> None:
    versions = {name for name, version in EXAMPLE.items() if name == version}
    pointers = {name: version for name, version in EXAMPLE.items() if name != version}
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(pointers, 5, listed=versions))
    assert last_look(repository, "production") == at(5) + 2 * SECOND
    assert last_look(repository, "2.1") == at(0) + 2 * SECOND
    assert repository.checked_at == at(5) + 2 * SECOND


def test_a_new_version_keeps_the_time_of_its_first_look_until_its_turn_comes(repository: Repository) -> None:
    names = [name for name in crowded(30) if slice_of(name) == 1]
    record(repository, seen({names[0]: "a", "latest": "a"}, 0))
    record(repository, seen({names[1]: "b", "latest": "b"}, 5, listed=names[:1]))
    assert repository.tags.get(name=names[1]).looked_at == at(5) + 2 * SECOND
    record(repository, seen({names[0]: "a", names[1]: "b", "latest": "b"}, 10))
    assert not repository.tags.filter(looked_at__isnull=False).exists()


@pytest.mark.parametrize(("role", "tag"), [("pointer", "2.1"), ("version", "production")])
def test_a_role_set_by_hand_changes_no_look(repository: Repository, role: str, tag: str) -> None:
    record(repository, seen(EXAMPLE, 0))
    pointers = {name: version for name, version in EXAMPLE.items() if name != version}
    record(repository, seen(pointers, 5, listed=EXAMPLE))
    before = last_look(repository, tag)
    repository.tags.filter(name=tag).set_role(role)
    assert last_look(repository, tag) == before
    record(repository, seen({}, 10, listed=EXAMPLE))
    assert last_look(repository, tag) == before
    assert repository.tags.get(name=tag).swept is (role == "version")
    repository.tags.filter(name=tag).forget_role()
    assert last_look(repository, tag) == before


def test_a_version_that_missed_its_turn_is_looked_at_until_it_answers(repository: Repository) -> None:
    tags = {"1.0": "a", "1.1": "b", "latest": "b"}
    record(repository, seen(tags, 0))
    later = [int(at(30).timestamp())] * SLICES
    repository.tags.filter(name="1.0").update(looked_at=at(10))
    Sweep.objects.filter(repository=repository).update(looks=later)
    repository.refresh_from_db()
    assert left_out(repository, at(35)) == {"1.1"}
    record(repository, seen({"1.0": "a", "latest": "b"}, 35, listed=["1.1"]))
    assert left_out(repository, at(40)) == {"1.0", "1.1"}


def test_a_version_that_somebody_wants_looked_at_is_looked_at_once(repository: Repository) -> None:
    tags = {"1.0": "a", "1.1": "b", "latest": "b"}
    record(repository, seen(tags, 0))
    look = last_look(repository, "1.0")
    with time_machine.travel(at(3), tick=False):
        repository.look_soon_at(["1.0", "latest", "unheard-of"])
    assert left_out(repository, at(5)) == {"1.1"}
    assert last_look(repository, "1.0") == look, "wanting is not looking"
    record(repository, seen(tags, 5))
    assert left_out(repository, at(10)) == {"1.0", "1.1"}


def test_a_wish_that_comes_after_the_request_was_sent_has_another_look(repository: Repository) -> None:
    tags = {"1.0": "a", "1.1": "b", "latest": "b"}
    record(repository, seen(tags, 0))
    with time_machine.travel(at(5) + 25 * SECOND, tick=False):
        repository.look_soon_at(["1.0"])
    record(repository, seen(tags, 5))
    assert left_out(repository, at(10)) == {"1.1"}


def test_only_versions_that_are_where_they_were_seen_are_left_out(repository: Repository) -> None:
    record(repository, seen({"1.0": "a", "1.1": None, "latest": "a"}, 0, failing=("1.2",)))
    assert left_out(repository, at(5)) == {"1.0"}
    repository.tags.filter(name="1.0").set_role("pointer")
    assert left_out(repository, at(5)) == set()


def test_a_repository_of_pointers_keeps_no_sweep(repository: Repository) -> None:
    record(repository, seen({"latest": "a"}, 0))
    assert not Sweep.objects.exists()


class TestWholeSlices:
    @pytest.fixture
    def mates(self) -> list[str]:
        """Three versions of one slice."""
        return [name for name in crowded(40) if slice_of(name) == 1][:3]

    def test_a_slice_is_whole_when_nobody_is_left_out(self, mates: list[str]) -> None:
        sent = {mates[0]: at(2), mates[1]: at(1)}
        assert 1 not in whole_slices(mates, sent, (), at(0))
        assert whole_slices(mates[:2], sent, (), at(0))[1] == at(1).timestamp()

    def test_a_tag_that_fails_is_left_behind(self, mates: list[str]) -> None:
        sent = {mates[0]: at(2), mates[1]: at(1)}
        assert whole_slices(mates, sent, mates[2:], at(0))[1] == at(1).timestamp()

    def test_a_slice_that_mostly_fails_was_not_looked_at(self, mates: list[str]) -> None:
        assert 1 not in whole_slices(mates, {mates[0]: at(2)}, mates[1:], at(0))

    def test_an_empty_slice_was_looked_at_with_the_list(self, mates: list[str]) -> None:
        assert whole_slices(mates, {}, (), at(0))[2] == at(0).timestamp()
