"""The built-in registry and its story."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest
import requests

from tags.demo import DemoRegistry, story
from tags.models import Movement
from tags.polling import poll
from tags.registry import Client, Reference, Settings
from tags.watching import Access, watch
from tests.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def registry() -> Iterator[DemoRegistry]:
    registry = DemoRegistry()
    registry.tell(next(story()))
    with registry:
        yield registry


def url(registry: DemoRegistry, path: str) -> str:
    address, name = registry.reference.split("/")
    return f"http://{address}/v2/{name}/{path}"


def test_it_begins_with_the_picture_of_the_readme(registry: DemoRegistry) -> None:
    address, name = registry.reference.split("/")
    listing = Client(Settings(address, plain_http=True)).listing(name)
    assert listing.complete
    points_to = {seen.tag: seen.digest for seen in listing.observations}
    for tag, version in (("production", "2.0"), ("qatesting", "2.1"), ("latest", "2.2"), ("rollback", "1.3")):
        assert points_to[tag] == points_to[version]


def test_a_manifest_is_the_same_by_tag_and_by_digest_and_names_a_config_that_is_there(registry: DemoRegistry) -> None:
    by_tag = requests.get(url(registry, "manifests/production"), timeout=5)
    digest = by_tag.headers["Docker-Content-Digest"]
    assert requests.get(url(registry, f"manifests/{digest}"), timeout=5).content == by_tag.content
    assert requests.head(url(registry, "manifests/production"), timeout=5).headers["Docker-Content-Digest"] == digest
    config = requests.get(url(registry, f"blobs/{by_tag.json()['config']['digest']}"), timeout=5).json()
    assert config["config"]["Labels"]["org.opencontainers.image.version"] == "2.0"


@pytest.mark.parametrize("path", ["manifests/nightly", "blobs/sha256:0", "referrers/x", "tags/list/more"])
def test_what_it_does_not_have_is_not_found(registry: DemoRegistry, path: str) -> None:
    assert requests.get(url(registry, path), timeout=5).status_code == 404


def test_the_tags_move_by_themselves() -> None:
    registry = DemoRegistry()
    registry.play(story(), seconds=0.05)
    before = dict(registry.tags)
    with registry:
        wait_until(lambda: registry.tags["production"] != before["production"])


def test_rollback_always_remembers_what_production_was_before_the_last_release() -> None:
    told = story()
    tags = next(told)
    releases = 0
    for step in islice(told, 60):
        if "rollback" in step:
            releases += 1
            assert step["rollback"] == tags["production"]
        tags = {**tags, **step}
    assert releases > 9


@pytest.mark.django_db
def test_what_the_story_tells_is_seen_as_movements_a_rollback_among_them() -> None:
    registry = DemoRegistry()
    told = story()
    registry.tell(next(told))
    with registry:
        repository = watch(Reference.parse(registry.reference), Access(plain_http=True))
        poll(repository)
        for step in islice(told, 16):
            registry.tell(step)
            poll(repository, every_tag=True)
    kinds = set(Movement.objects.filter(repository=repository).values_list("kind", flat=True))
    assert {"forward", "appeared", "rollback"} <= kinds
