"""What is behind a digest, read once and apart from all polls."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tags import describing, polling, tasks
from tags.models import Image, Registry, Repository
from tags.models.image import WAITS
from tests.factories import DAY, HOUR, MINUTE, look, watched
from tests.faults import status, too_many_requests, web_page, with_headers
from tests.images import attestation, image, index, on, tagged

if TYPE_CHECKING:
    from tests.fakeregistry import FakeRegistry, FaultAction

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository(fake_registry: FakeRegistry) -> Repository:
    return watched(fake_registry)


def polled(repository: Repository) -> Registry:
    """The registry after a poll of the repository."""
    assert polling.poll(repository, every_tag=True).outcome == "complete"
    return Registry.objects.get(pk=repository.registry_id)


def requests_for_images(registry: FakeRegistry) -> int:
    return len(registry.asked(r"/(manifests|blobs)/", "GET"))


def test_an_image_is_read_once(fake_registry: FakeRegistry, repository: Repository) -> None:
    pushed = image(fake_registry, platform="linux/arm64", labels={"version": "2.1"})
    digest = tagged(fake_registry, "app", "2.1", pushed)
    tagged(fake_registry, "app", "production", pushed)
    registry = polled(repository)
    assert describing.describe(registry) == 1
    told = Image.objects.get(pk=digest)
    assert (told.platforms, told.labels, told.size) == (["linux/arm64"], {"version": "2.1"}, told.size)
    assert told.size
    assert told.described_at
    asked = requests_for_images(fake_registry)
    assert describing.describe(polled(repository)) == 0
    assert describing.registries_with_new_images() == []
    assert requests_for_images(fake_registry) == asked == 2


def test_pointers_come_first_then_what_they_left_then_the_rest(
    fake_registry: FakeRegistry, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "IMAGES_AT_A_TIME", 1)
    pushed = {name: image(fake_registry, name) for name in ("1.0", "2.0", "3.0", "left", "now")}
    for version in ("1.0", "2.0", "3.0"):
        tagged(fake_registry, "app", version, pushed[version])
    tagged(fake_registry, "app", "production", pushed["left"])
    polled(repository)
    tagged(fake_registry, "app", "production", pushed["now"])
    registry = polled(repository)
    read = []
    while describing.describe(registry):
        read.append(Image.objects.order_by("-described_at").exclude(described_at=None).values_list("pk", flat=True)[0])
    assert read[:2] == [pushed["now"]["digest"], pushed["left"]["digest"]]
    assert len(read) == 5


def test_a_batch_is_bounded(
    fake_registry: FakeRegistry, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(describing, "IMAGES_AT_A_TIME", 3)
    for number in range(5):
        tagged(fake_registry, "app", f"1.{number}", image(fake_registry, str(number)))
    registry = polled(repository)
    assert [describing.describe(registry) for _ in range(3)] == [3, 2, 0]


def test_an_image_in_a_repository_nobody_watches_is_left_alone(
    fake_registry: FakeRegistry, repository: Repository
) -> None:
    tagged(fake_registry, "app", "1.0", image(fake_registry))
    registry = polled(repository)
    Repository.objects.update(enabled=False)
    assert describing.describe(registry) == 0


def test_registries_that_are_off_or_want_silence_are_left_alone(
    fake_registry: FakeRegistry, repository: Repository
) -> None:
    tagged(fake_registry, "app", "1.0", image(fake_registry))
    registry = polled(repository)
    assert describing.registries_with_new_images() == [registry.pk]
    Registry.objects.update(throttled_until=timezone.now() + MINUTE)
    assert describing.registries_with_new_images() == []
    Registry.objects.update(throttled_until=timezone.now() - MINUTE, cautious_until=timezone.now() + MINUTE)
    assert describing.registries_with_new_images() == []
    Registry.objects.update(cautious_until=timezone.now() - MINUTE)
    assert describing.registries_with_new_images() == [registry.pk]
    Registry.objects.update(enabled=False)
    assert describing.registries_with_new_images() == []


@pytest.mark.parametrize(
    ("fault", "attempts"), [(status(404), len(WAITS)), (web_page(), len(WAITS)), (status(500), len(WAITS) + 1)]
)
def test_what_will_never_be_better_is_given_up_and_trouble_is_not(
    fake_registry: FakeRegistry, repository: Repository, fault: FaultAction, attempts: int
) -> None:
    tagged(fake_registry, "app", "1.0", image(fake_registry))
    registry = polled(repository)
    fake_registry.fault(fault, path="/manifests/sha256:")
    for planned in (*WAITS[:-1], None, None):
        before = timezone.now()
        describing.describe(registry)
        told = Image.objects.get()
        if planned:
            assert told.describe_at
            assert planned <= told.describe_at - before < 2 * planned
        Image.objects.filter(describe_at__isnull=False).update(describe_at=timezone.now())
    assert told.attempts == attempts
    assert (told.describe_at is None) == (attempts == len(WAITS))


def test_a_registry_in_trouble_is_asked_no_more_in_this_run(
    fake_registry: FakeRegistry, repository: Repository
) -> None:
    for number in range(3):
        tagged(fake_registry, "app", f"1.{number}", image(fake_registry, str(number)))
    registry = polled(repository)
    fake_registry.fault(too_many_requests("60"), path="/manifests/sha256:")
    assert describing.describe(registry) == 0
    assert requests_for_images(fake_registry) == 1


def test_one_broken_image_costs_the_others_nothing(fake_registry: FakeRegistry, repository: Repository) -> None:
    broken = tagged(fake_registry, "app", "1.0", image(fake_registry, "a"))
    tagged(fake_registry, "app", "1.1", image(fake_registry, "b"))
    registry = polled(repository)
    fake_registry.fault(web_page(), path=f"/manifests/{broken}")
    assert describing.describe(registry) == 1


def test_half_of_a_quota_is_left_to_people(fake_registry: FakeRegistry, repository: Repository) -> None:
    for number in range(3):
        tagged(fake_registry, "app", f"1.{number}", image(fake_registry, str(number)))
    registry = polled(repository)
    registry.quota_limit, registry.quota_remaining, registry.quota_seen_at = 100, 49, timezone.now()
    assert describing.describe(registry) == 0
    registry.quota_seen_at -= DAY  # filled up again since
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "49;w=21600"}
    fake_registry.fault(with_headers(headers), path="/manifests/sha256:")
    assert describing.describe(registry) == 1


def test_two_workers_at_once_read_an_image_once(fake_registry: FakeRegistry, repository: Repository) -> None:
    tagged(fake_registry, "app", "1.0", image(fake_registry))
    polled(repository)
    one, other = Image.objects.get(), Image.objects.get()
    assert one.claim(timezone.now())
    assert not other.claim(timezone.now())


def test_hostile_labels_are_kept_as_far_as_the_database_can(
    fake_registry: FakeRegistry, repository: Repository
) -> None:
    digest = tagged(fake_registry, "app", "1.0", image(fake_registry, labels={"a\x00": "\ud800\x00", "b": "=1+1"}))
    assert describing.describe(polled(repository)) == 1
    assert Image.objects.get(pk=digest).labels == {"a\ufffd": "\ufffd\ufffd", "b": "=1+1"}


# Republished


def push_index(registry: FakeRegistry, tag: str, *, built: str, content: str = "a") -> None:
    """One image in an index, whose attestation tells of this build."""
    pushed = image(registry, content)
    tagged(registry, "app", tag, index(registry, on("linux/amd64", pushed), attestation(registry, pushed, built)))


def moves(repository: Repository) -> list[str]:
    return [movement.sentence for movement in repository.movements.order_by("pk")]


@pytest.mark.parametrize("tag", ["latest", "2.1.0"])
def test_a_move_between_images_of_the_same_content_is_told_late(
    fake_registry: FakeRegistry, repository: Repository, tag: str
) -> None:
    push_index(fake_registry, tag, built="monday")
    describing.describe(polled(repository))
    push_index(fake_registry, tag, built="tuesday")
    registry = polled(repository)
    assert "published again" not in moves(repository)[0]
    describing.describe(registry)
    push_index(fake_registry, tag, built="wednesday", content="b")
    describing.describe(polled(repository))
    first, second = moves(repository)
    assert first == f"{tag} was published again, its content is the same"
    assert "published again" not in second


def test_the_image_that_was_left_is_still_read_afterwards(fake_registry: FakeRegistry, repository: Repository) -> None:
    push_index(fake_registry, "latest", built="monday")
    polled(repository)
    push_index(fake_registry, "latest", built="tuesday")
    describing.describe(polled(repository))
    assert moves(repository) == ["latest was published again, its content is the same"]


def test_images_of_which_nothing_is_known_are_not_the_same(fake_registry: FakeRegistry, repository: Repository) -> None:
    for built in ("monday", "tuesday"):
        tagged(fake_registry, "app", "latest", index(fake_registry, annotations={"built": built}))
        describing.describe(polled(repository))
    assert Image.objects.filter(content="", described_at__isnull=False).count() == 2
    assert "changed from" in moves(repository)[0]


def test_a_move_between_versions_stays_one_though_their_content_is_the_same(
    fake_registry: FakeRegistry, repository: Repository
) -> None:
    push_index(fake_registry, "2.0", built="monday")
    push_index(fake_registry, "2.1", built="tuesday")
    fake_registry.move("app", "production", "2.0")
    polled(repository)
    fake_registry.move("app", "production", "2.1")
    describing.describe(polled(repository))
    assert moves(repository) == ["production moved forward from 2.0 to 2.1"]


def test_what_moved_long_ago_is_not_told_anew(repository: Repository) -> None:
    long_ago = timezone.now() - describing.LATELY - HOUR
    look(repository, {"latest": "a"}, long_ago - HOUR)
    look(repository, {"latest": "b"}, long_ago)
    Image.objects.update(content="sha256:" + "0" * 64)
    assert describing.settle_republished() == 0
    repository.movements.update(before=timezone.now() - dt.timedelta(hours=1))
    assert describing.settle_republished() == 1
    assert describing.settle_republished() == 0


# The tasks


def test_images_are_handed_out_only_when_there_are_some(
    fake_registry: FakeRegistry, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_out: list[tuple[int]] = []
    monkeypatch.setattr(tasks.describe, "apply_async", lambda args, **_options: handed_out.append(args))
    tasks.hand_out_descriptions()
    assert handed_out == []
    tagged(fake_registry, "app", "1.0", image(fake_registry))
    registry = polled(repository)
    tasks.hand_out_descriptions()
    assert handed_out == [(registry.pk,)]
    tasks.describe(registry.pk)
    assert Image.objects.get().described_at
    tasks.describe(registry.pk + 1)
