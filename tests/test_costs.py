"""What one scheduled poll of a repository with 500 tags costs, as `poll --steady --json` tells it."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command

from tests.factories import watched
from tests.fakeregistry import FakeRegistry
from tests.registry.vendors.test_acr import FakeAcr
from tests.registry.vendors.test_artifactory import FakeArtifactory
from tests.registry.vendors.test_dockerhub import FakeHub
from tests.registry.vendors.test_ecr import FakeEcr
from tests.registry.vendors.test_gitlab import FakeGitLab
from tests.registry.vendors.test_google import FakeGoogle
from tests.registry.vendors.test_harbor import FakeHarbor
from tests.registry.vendors.test_quay import FakeQuay
from tests.registry.vendors.test_zot import FakeZot

if TYPE_CHECKING:
    from tags.models import Registry
    from tags.registry import Settings

pytestmark = pytest.mark.django_db

POINTERS = ("latest", "production", "qatesting", "staging", "rollback")
VERSIONS = [f"{number // 100}.{number // 10 % 10}.{number % 10}" for number in range(500 - len(POINTERS))]
NAMES = {"dockerhub": "shop/app", "gitlab": "group/sub/project/app"}


@pytest.mark.parametrize(
    ("kind", "fake", "requests"),
    [
        ("oci", FakeRegistry, 1 + len(POINTERS)),
        ("dockerhub", FakeHub, 1),
        ("quay", FakeQuay, 1),
        ("google", FakeGoogle, 1),
        ("acr", FakeAcr, 1),
        ("ecr", FakeEcr, 1),
        ("artifactory", FakeArtifactory, 1),
        ("zot", FakeZot, 1),
        ("gitlab", FakeGitLab, 1),
        ("harbor", FakeHarbor, 5),
    ],
)
def test_a_steady_poll_costs_what_the_registry_allows(kind: str, fake: type[FakeRegistry], requests: int) -> None:
    name = NAMES.get(kind, "local/shop/app")
    with fake() as registry:
        for version in VERSIONS:
            registry.push(name, version)
        for number, pointer in enumerate(POINTERS):
            registry.push(name, pointer, f"{name}:{VERSIONS[number]}")
        repository = watched(registry, name)
        set_up(repository.registry, kind, registry.settings())
        assert told(repository.reference)["tags"] == 500
        registry.requests.clear()
        steady = told(repository.reference, "--steady")
        assert (steady["outcome"], steady["tags"], steady["movements"]) == ("complete", 500, 0)
        assert steady["requests"] == requests
        assert len([asked for asked in registry.requests if "/token" not in asked.path]) == requests


def set_up(registry: Registry, kind: str, settings: Settings) -> None:
    registry.kind, registry.username = kind, settings.username
    registry.set_secret(settings.secret)
    registry.save()


def told(reference: str, *options: str) -> dict:
    out = StringIO()
    call_command("poll", reference, *options, "--json", stdout=out)
    [poll] = json.loads(out.getvalue())
    return poll
