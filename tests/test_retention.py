"""What is kept is told as if nothing had been deleted, and of what is not kept every page says so."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from tags import retention, tasks
from tags.models import Coverage, Image, Movement, Remembered, Repository, Tag
from tags.moments import stamp
from tags.rebuilding import differences
from tags.registry import TimedOut
from tags.timeline import Kind
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, look, watch
from tests.listings import digest
from tests.views.reading import read, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db

KEPT = 20  # days
CUT = dt.datetime(2026, 4, 25, tzinfo=dt.UTC)  # midnight, so many days before NOW
APP, CART = "registry.example.com/shop/app", "registry.example.com/shop/cart"
POINTERS = ("production", "rollback", "latest", "1.0")
VERSIONS = ("1.0.0", "1.0.1", "1.1.0", "1.1.0-alpine", "2.0.0")
CONTENTS = tuple("abcdef")
# Each world takes long, and its batches are of another size.
SEEDS = range(2) if connection.vendor == "sqlite" else (1,)


@pytest.fixture(autouse=True)
def _now(settings: SettingsWrapper) -> Iterator[None]:
    settings.KEEP_MOVEMENTS_DAYS = KEPT
    with time_machine.travel(NOW + 5 * SECOND, tick=False):
        yield


class World:
    """Two repositories that share images, looked at now and then, in which everything happens that can happen."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.repositories = [watch(APP, interval=6 * 3600), watch(CART, interval=6 * 3600)]
        self.tags = [self._some_tags() for _ in self.repositories]
        at = NOW - 38 * DAY
        while at < NOW - HOUR:
            for number, repository in enumerate(self.repositories):
                self._live(number)
                self._look(repository, self.tags[number], at + number * MINUTE)
            at += self.random.choice((2, 5, 6, 6, 6, 6, 7, 11, 30, 100)) * HOUR

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _some_tags(self) -> dict[str, str | None]:
        return {name: self.random.choice(CONTENTS) for name in (*POINTERS, *VERSIONS) if self._chance(0.8)}

    def _live(self, number: int) -> None:
        tags = self.tags[number]
        for name in (*POINTERS, *VERSIONS):
            if self._chance(0.12 if name in POINTERS else 0.07):
                tags[name] = self.random.choice(CONTENTS)
            if self._chance(0.04):
                tags.pop(name, None)
            if self._chance(0.02):
                tags[name] = None

    def _look(self, repository: Repository, tags: dict[str, str | None], at: dt.datetime) -> None:
        if self._chance(0.08):
            look(repository, {}, at, error=TimedOut("registry timed out"))
            return
        unseen = [name for name in tags if name not in POINTERS and self._chance(0.3)]
        look(repository, {name: tags[name] for name in tags if name not in unseen}, at, listed=unseen)

    def moments(self, count: int) -> list[dt.datetime]:
        """Of the time that is kept, some of them right before, at and after a move."""
        kept = Movement.objects.filter(before__gt=CUT + DAY)
        sides = [
            at + self.random.choice((-SECOND, dt.timedelta(0), SECOND))
            for both in kept.values_list("after", "before")
            for at in both
            if at and at > CUT + DAY
        ]
        anywhen = [CUT + SECOND + self.random.random() * (NOW - CUT - SECOND) for _ in range(count)]
        return self.random.sample([*sides, *anywhen], count)


def told(client: Client, moments: list[dt.datetime]) -> dict[str, Any]:
    """What pages and the API say of the time that is kept; address -> answer."""
    found: dict[str, Any] = {}
    since = stamp(CUT + SECOND)
    for moment in (*moments, None):
        at = f"at={stamp(moment)}" if moment else ""
        span = f"from={since}&to={stamp(moment or NOW)}&{at}"
        pages = (
            *(f"/{APP}/?{at}", f"/{APP}/?by=pointer&{at}", f"/movements/{APP}/?{span}"),
            *(f"/movements/{CART}/?tag=1.0.0&{span}", f"/movements/?{span}"),
            *(f"/?{at}", f"/?q=1.0&than={since}&{at}", f"/search/?q=1.0&{at}"),
        )
        found |= {address: read(client, address) for address in pages}
        for address in (f"/{APP}/?by=tag&{at}&format=json", f"/api/v1/tags?limit=1000&{at}"):
            found[address] = exported(client, address)
        for content in CONTENTS:
            address = f"/{digest(content)}/?{at}&format=json"
            found[address] = [row for row in exported(client, address) if row["state"] != "gone"]
        for name in Tag.objects.filter(name__in=(*POINTERS[1:], VERSIONS[0])).values_list("name", flat=True).distinct():
            found |= told_of_tag(client, f"/{CART}:{name}/", span, at)
    for address in (f"/api/v1/movements?limit=1000&since={since}", f"/movements/?from={since}&format=json"):
        found[address] = exported(client, address)
    address = f"/api/v1/coverage?limit=1000&since={since}"
    found[address] = [{**row, "since": max(row["since"], since)} for row in exported(client, address)["items"]]
    return found


def told_of_tag(client: Client, address: str, span: str, at: str) -> dict[str, Any]:
    """Without what was before: what else the tag was on, and when it moved last if that was then."""
    page = client.get(f"{address}?{span}")
    if page.status_code == 404:
        return {}
    text = text_of(page)
    return {
        f"{address}?{span}": (page.context["place"], page.context["lanes"]),
        f"{address}?{span} journal": text[text.index("These movements as") :],
        f"/badge{address}?{at}": client.get(f"/badge{address}?{at}").text,
    }


def exported(client: Client, address: str) -> Any:
    response = client.get(address, follow=True)
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return json.loads(body) if response.status_code == 200 else body.decode()


def inconsistencies(world: World) -> list[str]:
    return [found.sentence for repository in world.repositories for found in differences(repository)]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_kept_is_told_as_before(client: Client, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(seed)
    moments = world.moments(1)
    before, inconsistent, count = told(client, moments), inconsistencies(world), Movement.objects.count()
    monkeypatch.setattr(retention, "AT_A_TIME", (5, 40, 1000)[seed % 3])
    pruned = retention.prune()
    assert pruned.movements == count - Movement.objects.count() > 10
    after = told(client, moments)
    assert after.keys() == before.keys()
    for address, answer in before.items():
        assert after[address] == answer, address
    assert inconsistencies(world) == inconsistent
    assert retention.prune() == retention.Pruned(is_done=True)


class TestBefore:
    """Of the time that is not kept; production was on 1.0, 1.1 and 1.2, on each for a day, and since then on 2.0."""

    VERSIONS = {version: version for version in ("1.0", "1.1", "1.2", "2.0")}

    @pytest.fixture(autouse=True)
    def _moved(self) -> None:
        self.repository = watch(APP, interval=24 * 3600)
        for days in range(30, -1, -1):
            production = {30: "1.0", 29: "1.1", 28: "1.2"}.get(days, "2.0")
            look(self.repository, {**self.VERSIONS, "production": production}, NOW - days * DAY)
        retention.prune()

    def test_only_the_last_movement_of_a_tag_is_left(self) -> None:
        [left] = Movement.objects.all()
        assert (left.from_version, left.to_version) == ("1.2", "2.0")
        assert left.tag.kept_since == left.before

    @pytest.mark.parametrize("days", [30, 28, 27, 25])
    @pytest.mark.parametrize("page", ["/{app}/?", "/{app}:production/?", "/matrix/{app}/?", "/movements/{app}/?", "/?"])
    def test_nothing_is_known(self, client: Client, page: str, days: int) -> None:
        words = read(client, f"{page.format(app=APP)}at={stamp(NOW - days * DAY + HOUR)}")
        assert "ot known" in words
        assert "not kept any longer before 25 April 2026 02:00" in words
        assert client.get(f"/badge/{APP}:production/?at={stamp(NOW - days * DAY)}").text.count("not known") >= 1

    def test_before_the_first_look_is_what_it_was(self, client: Client) -> None:
        assert "not watched before 15 April 2026" in read(client, f"/{APP}/?at=2026-04-10")

    def test_programs_are_told(self, client: Client) -> None:
        states = client.get(f"/api/v1/tags?at={stamp(NOW - 28 * DAY)}").json()["items"]
        assert {tag["state"] for tag in states} == {"unknown"}
        forgotten, watched = client.get("/api/v1/coverage").json()["items"]
        assert (forgotten["state"], forgotten["reason"]) == ("unwatched", "not kept any longer")
        assert (watched["state"], watched["since"], forgotten["until"]) == ("watched", *2 * ("2026-04-25T00:00:00Z",))

    def test_a_picture_shows_no_bar_of_what_is_deleted(self, client: Client) -> None:
        response = client.get(f"/movements/{APP}/?from=2026-04-01T00:00Z&to=2026-05-15T00:00Z")
        [lane] = response.context["lanes"]
        assert [piece.label for piece in lane.pieces] == ["2.0"]
        words = "not kept any longer before Sat 25 Apr 02:00, but for the last move of each tag"
        assert words in [hatch.words for hatch in lane.hatches]
        assert "nobody could look, or it is not kept any longer" in text_of(response)
        [lane] = client.get(f"/movements/{APP}/?from=2026-04-15T00:00Z&to=2026-04-17T00:00Z").context["lanes"]
        assert lane.pieces == ()

    @pytest.mark.parametrize(
        "query", ["", "span=all", "tag=production", "kind=forward", "from=2026-04-01&to=2026-04-20"]
    )
    @pytest.mark.parametrize("page", [f"/movements/{APP}/", "/movements/", f"/{APP}:production/"])
    def test_a_list_says_where_it_is_cut(self, client: Client, page: str, query: str) -> None:
        words = read(client, f"{page}?{query}")
        assert "but for the last move of each tag" in words
        assert "Nothing " not in words

    def test_a_move_of_then_is_compared_with_nothing(self, client: Client) -> None:
        assert (
            "/compare/?a=registry.example.com%2Fshop%2Fapp%3Aproduction%402026-04"
            not in client.get(f"/movements/{APP}/?span=all").text
        )

    def test_all_begins_with_what_is_kept(self, client: Client) -> None:
        window = client.get(f"/movements/{APP}/?span=all").context["window"]
        assert CUT - DAY < window.start < CUT

    def test_whether_a_version_was_ever_there_is_told_since_then(self, client: Client) -> None:
        page = read(client, f"/matrix/{APP}/?q=1.1")
        assert (
            "1.1 has not been in production since 25 April 2026 02:00; what was before is not kept any longer." in page
        )
        assert "never seen there" not in page
        assert "What was before 25 April 2026 02:00 is not kept any longer." in page
        rows = exported(client, f"/matrix/{APP}/?rows=all&format=json")
        assert {row["version"]: row["state"] for row in rows} == {
            "2.0": "now", "1.2": "unknown", "1.1": "unknown", "1.0": "unknown",
        }  # fmt: skip

    def test_who_was_on_an_image_is_not_guessed(self, client: Client) -> None:
        page = read(client, f"/{digest('1.2')}/")
        assert "Who pointed here before" not in page
        assert "What is in this image is not known" not in page  # for the tag 1.2 is on it still


def test_a_move_that_was_under_way_at_the_cut_is_kept_as_a_whole(client: Client) -> None:
    repository = watch(APP, interval=6 * 3600)
    for hours, production in ((-9, "a"), (-5, "a"), (-1, "a"), (1, "b")):
        look(repository, {"1.0": "a", "2.0": "b", "production": production}, CUT + hours * HOUR)
    links = re.findall('/compare/[^"]*', client.get(f"/movements/{APP}/?span=all").text)
    assert links
    retention.prune()
    assert Coverage.objects.kept_since() == CUT - HOUR
    assert re.findall('/compare/[^"]*', client.get(f"/movements/{APP}/?span=all").text) == links


class TestNames:
    def test_what_an_image_was_called_is_kept_as_long_as_somebody_is_on_it(self, client: Client) -> None:
        repository = watch(APP, interval=24 * 3600)
        for days in range(40, -1, -1):
            rebuilt = {40: "a", 39: "b", 38: "c"}.get(days, "d")
            look(
                repository, {"1.0": rebuilt, "production": "b" if days > 5 else "d", "qatesting": "a"}, NOW - days * DAY
            )
        addresses = f"/{APP}/?by=pointer&at=2026-05-05", f"/{APP}/?by=pointer", f"/movements/{APP}/?span=week"
        before = [read(client, address) for address in addresses]
        assert "no version tag (was 1.0)" in before[0]
        lanes = client.get(f"/movements/{APP}/?from=2026-05-01T00:00Z&to=2026-05-15T00:00Z").context["lanes"]
        assert [piece.label for lane in lanes for piece in lane.pieces] == [
            "1.0 (rebuilt)", "1.0 (rebuilt 3 times)", "1.0",
        ]  # fmt: skip
        retention.prune()
        assert [read(client, address) for address in addresses] == before
        assert client.get(f"/movements/{APP}/?from=2026-05-01T00:00Z&to=2026-05-15T00:00Z").context["lanes"] == lanes
        remembered = {row.digest: (row.name, row.rebuilt) for row in Remembered.objects.all()}
        assert remembered == {digest("a"): ("1.0", 0), digest("b"): ("1.0", 1), digest("c"): ("1.0", 2)}
        look(repository, {"1.0": "e", "production": "e", "qatesting": "a"}, NOW + DAY)
        with time_machine.travel(NOW + 30 * DAY):
            retention.prune()
        assert {row.digest for row in Remembered.objects.all()} == {digest("a"), digest("d")}

    def test_the_last_of_several_names_counts(self) -> None:
        repository = watch(APP, interval=24 * 3600)
        for days in range(40, 29, -1):
            look(repository, {f"1.{days}": "a", "production": "a"}, NOW - days * DAY)
        look(repository, {"production": "a"}, NOW - 29 * DAY)
        look(repository, {"production": "a"}, NOW)
        names = Movement.objects.last_names({digest("a")}, [repository.pk])
        assert names == {(repository.pk, digest("a")): "1.30"}
        retention.prune()
        assert Movement.objects.last_names({digest("a")}, [repository.pk]) == names


def test_what_comes_back_is_known_to_have_been_there() -> None:
    repository = watch(APP, interval=24 * 3600)
    for days in range(40, 29, -1):
        look(repository, {"1.0": "a", **({"canary": "a"} if days % 2 else {})}, NOW - days * DAY)
    look(repository, {"1.0": "a"}, NOW - HOUR)
    retention.prune()
    [back] = look(repository, {"1.0": "a", "canary": "a"}, NOW)
    assert back.kind == Kind.RETURNED
    assert list(differences(repository)) == []


def test_polls_go_on_where_they_were(client: Client) -> None:
    repository = watch(APP, interval=24 * 3600)
    for days in range(40, 0, -1):
        look(repository, {"1.0": "a", "1.1": "b", "production": "ab"[days % 2]}, NOW - days * DAY)
    retention.prune()
    [move] = look(repository, {"1.0": "a", "1.1": "b", "production": "a"}, NOW)
    assert (move.kind, move.across_gap) == (Kind.ROLLBACK, False)
    assert repository.coverage.kept().count() == 1
    assert list(differences(repository)) == []


class TestCoverage:
    """A stretch is told as (watched or the reason, since, until), in days before NOW."""

    def stretches(self, repository: Repository) -> list[tuple[str, int, int]]:
        return [
            (stretch.reason or "watched", round((NOW - stretch.since) / DAY), round((NOW - stretch.until) / DAY))
            for stretch in repository.coverage.order_by("since", "pk")
        ]

    def watched(self, *stretches: tuple[str, float, float]) -> Repository:
        repository = watch(APP)
        for reason, since, until in stretches:
            Coverage.objects.create(
                repository=repository, watched=not reason, reason=reason, interval=300,
                since=NOW - since * DAY, until=NOW - until * DAY,
            )  # fmt: skip
        return repository

    def forgotten(self, *stretches: tuple[str, float, float], most: int = 1000) -> list[tuple[str, int, int]]:
        repository = self.watched(*stretches)
        Coverage.forget(repository, NOW - 20 * DAY, most)
        return self.stretches(repository)

    def test_a_watched_stretch_is_cut(self) -> None:
        assert self.forgotten(("", 40, 30), ("paused", 30, 25), ("", 25, 0)) == [
            ("not kept any longer", 40, 20), ("watched", 20, 0),
        ]  # fmt: skip

    def test_a_gap_is_kept_as_a_whole(self) -> None:
        assert self.forgotten(("", 40, 30), ("paused", 30, 10), ("", 10, 0)) == [
            ("not kept any longer", 40, 30), ("paused", 30, 10), ("watched", 10, 0),
        ]  # fmt: skip

    def test_when_somebody_last_looked_stays_known(self) -> None:
        assert self.forgotten(("", 40, 30)) == [("not kept any longer", 40, 30), ("watched", 30, 30)]

    def test_since_when_nobody_looks_stays_known(self) -> None:
        assert self.forgotten(("paused", 40, 40)) == [("paused", 40, 40)]

    def test_what_began_later_is_left_alone(self) -> None:
        assert self.forgotten(("", 19, 0)) == [("watched", 19, 0)]

    def test_so_many_at_a_time(self) -> None:
        assert self.forgotten(("", 40, 35), ("x", 35, 30), ("", 30, 25), ("x", 25, 0), most=2) == [
            ("not kept any longer", 40, 25), ("watched", 25, 25), ("x", 25, 0),
        ]  # fmt: skip

    def test_what_is_forgotten_grows_and_stays_one(self) -> None:
        repository = self.watched(("", 40, 0))
        for days in (30, 25, 28, 20):
            Coverage.forget(repository, NOW - days * DAY, 1000)
        assert self.stretches(repository) == [("not kept any longer", 40, 20), ("watched", 20, 0)]


class TestImages:
    def seen(self, *contents: str) -> set[str]:
        return {content for content in contents if Image.objects.filter(pk=digest(content)).exists()}

    def test_what_no_tag_was_on_in_the_time_that_is_kept_is_deleted(self, client: Client) -> None:
        with time_machine.travel(NOW - 40 * DAY):
            Image.objects.remember({digest(content): "" for content in "abcdx"})
        repository, other = watch(APP, interval=24 * 3600), watch(CART, interval=24 * 3600)
        for days in range(40, -1, -1):
            production = {40: "a", 39: "b"}.get(days, "c" if days > 10 else "d")
            look(repository, {"production": production}, NOW - days * DAY)
            look(other, {"1.0": "b"} if days > 30 else {"1.0": "b", "2.0": "d"}, NOW - days * DAY)
        assert retention.prune().images == 2
        assert self.seen("a", "b", "c", "d", "x") == {"b", "c", "d"}
        assert "No tag that is watched is known to have pointed to" in read(client, f"/{digest('x')}/", status=404)

    def test_what_only_a_movement_of_before_tells_of_says_so(self, client: Client) -> None:
        repository = watch(APP, interval=24 * 3600)
        with time_machine.travel(NOW - 40 * DAY):
            Image.objects.remember({digest("a"): ""})
        look(repository, {"1.0": "a", "2.0": "b"}, NOW - 40 * DAY)
        for days in range(39, -1, -1):
            look(repository, {"2.0": "b"}, NOW - days * DAY)
        retention.prune()
        assert self.seen("a", "b") == {"b"}
        assert "What is in this image is not known, or not kept any longer." in read(client, f"/{digest('a')}/")

    def test_what_a_tag_is_on_is_known_again(self) -> None:
        """A poll that ends while an image is deleted may have found it anew."""
        look(watch(APP), {"1.0": "a"}, NOW)
        Image.objects.all().delete()
        retention.prune()
        assert self.seen("a") == {"a"}


class TestWhen:
    @pytest.fixture(autouse=True)
    def _old(self) -> None:
        self.repository = watch(APP, interval=24 * 3600)
        for days in range(40, -1, -1):
            look(self.repository, {"1.0": "a", "1.1": "b", "production": "ab"[days % 2]}, NOW - days * DAY)

    def test_nothing_is_deleted_unless_people_want_it(self, settings: SettingsWrapper) -> None:
        settings.KEEP_MOVEMENTS_DAYS = 0
        count = Movement.objects.count()
        assert retention.prune() == retention.Pruned()
        tasks.prune()
        assert Movement.objects.count() == count
        assert not Coverage.objects.forgotten().exists()
        with pytest.raises(CommandError, match="everything is kept"):
            call_command("prune")

    def test_once_a_day(self) -> None:
        assert retention.is_due(NOW)
        tasks.prune()
        assert not retention.is_due(NOW)
        assert not retention.is_due(NOW + 11 * HOUR)
        assert retention.is_due(NOW + 13 * HOUR)

    def test_what_was_not_done_in_time_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retention, "AT_A_TIME", 5)
        assert retention.prune(seconds=-1) == retention.Pruned(movements=5)
        assert retention.is_due(NOW)
        assert list(differences(self.repository)) == []
        assert self.repository.tags.get(name="production").kept_since == Movement.objects.earliest("before").before
        assert retention.prune().movements == 12

    def test_the_command_says_how_much(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("prune")
        assert capsys.readouterr().out == (
            "17 movements and 0 images were deleted; what was before 2026-04-25 UTC is not kept any longer.\n"
        )

    def test_a_repository_that_goes_meanwhile_is_no_trouble(self) -> None:
        steps = retention._prune_repository(self.repository.pk, CUT)
        self.repository.delete()
        assert list(steps) == []
