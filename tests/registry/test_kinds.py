"""Which kind a registry is: by its address, by a look at it, by hand."""

import re
from collections.abc import Callable

import pytest

from tags.registry import (
    KINDS,
    RateLimited,
    RegistryError,
    ServerError,
    Settings,
    Unreachable,
    connect,
    kind_by_address,
    kind_by_glance,
)
from tags.registry.client import Client
from tags.registry.vendors.harbor import Harbor
from tags.registry.vendors.quay import Quay
from tests.fakeregistry import Answer, FakeRegistry
from tests.faults import status, too_many_requests

LOOK = "/v2/_oci/ext/discover"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("docker.io", "dockerhub"),
        ("index.docker.io", "dockerhub"),
        ("registry-1.docker.io", "dockerhub"),
        ("quay.io", "quay"),
        ("Quay.IO", "quay"),
        ("gcr.io", "google"),
        ("eu.gcr.io", "google"),
        ("europe-west1-docker.pkg.dev", "google"),
        ("123456789012.dkr.ecr.eu-central-1.amazonaws.com", "ecr"),
        ("team.azurecr.io", "acr"),
        ("registry.gitlab.com", "gitlab"),
        ("ghcr.io", "ghcr"),
        ("team.jfrog.io", "artifactory"),
        ("registry.digitalocean.com", "digitalocean"),
        ("codeberg.org", "gitea"),
    ],
)
def test_some_addresses_give_their_kind_away_and_no_other(address: str, kind: str) -> None:
    assert kind_by_address(address) == kind
    assert [k for k, client in KINDS.items() if re.fullmatch(client.ADDRESSES, address.lower())] == [kind]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:5000",
        "registry.example.com",
        "quay.io.example.com",
        "notquay.io",
        "quay.io:8443",
        "evil-gcr.io",
        "gcr.io.example.com",
        "ghcr.io@example.com",
        "docker.io.",
        "",
    ],
)
def test_other_addresses_could_be_any_kind(address: str) -> None:
    assert kind_by_address(address) == ""


def test_each_kind_has_a_name_of_its_own_for_people() -> None:
    assert len({client.NAME for client in KINDS.values()}) == len(KINDS)


def test_a_kind_set_by_hand_goes_before_the_address_and_an_unknown_one_is_plain() -> None:
    for settings, client in [
        (Settings("quay.io"), Quay),
        (Settings("quay.io", kind="harbor"), Harbor),
        (Settings("quay.io", kind="oci"), Client),
        (Settings("registry.example.com"), Client),
        (Settings("registry.example.com", kind="of yesterday"), Client),
    ]:
        with connect(settings) as connected:
            assert type(connected) is client


def challenge(text: str) -> Answer:
    return Answer(401, {"WWW-Authenticate": text})


ZOT = b'{"extensions":[{"name":"_zot","url":"https://x","description":"","endpoints":["/v2/_zot/ext/search"]}]}'


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (challenge('Bearer realm="https://h.example.com/service/token",service="harbor-registry"'), "harbor"),
        (challenge('Bearer realm="https://q.example.com/v2/auth",service="q.example.com"'), "quay"),
        (challenge('Bearer realm="https://git.example.com/jwt/auth",service="container_registry"'), "gitlab"),
        (challenge('Bearer realm="https://g.example.com/v2/token",service="container_registry",scope="*"'), "gitea"),
        (Answer(404, {"Server": "Nexus/3.70.1-02 (OSS)"}), "nexus"),
        (Answer(404, {"X-JFrog-Version": "Artifactory/7.90.8 79008900"}), "artifactory"),
        (Answer(200, {}, ZOT), "zot"),
        (Answer(200, {}, b"<html>"), "oci"),
        (Answer(200, {}, b'{"extensions":[]}'), "oci"),
        (Answer(404, {}, b"404 page not found"), "oci"),
        (Answer(500), "oci"),
        (challenge('Bearer realm="https://auth.example.com/token",service="registry"'), "oci"),
        (challenge("nonsense"), "oci"),
        (challenge(""), "oci"),
    ],
)
def test_a_look_tells_the_kind_of_a_registry_at_any_address(answer: Answer, kind: str) -> None:
    with FakeRegistry() as registry, Client(registry.settings()) as client:
        registry.fault(lambda exchange: exchange.answer(answer), path=f"{LOOK}|^/v2/$")
        assert kind_by_glance(client.glance()) == kind
        assert len(registry.requests) == 1 + (answer.status == 404)


def test_a_registry_that_knows_no_extensions_is_asked_where_it_gives_out_tokens() -> None:
    """Harbor has no such address, and so asks for no token there."""
    with FakeRegistry() as registry, Client(registry.settings()) as client:
        asked = challenge('Bearer realm="https://h.example.com/service/token",service="harbor-registry"')
        registry.fault(lambda exchange: exchange.answer(asked), path="^/v2/$")
        assert kind_by_glance(client.glance()) == "harbor"
        assert [request.path for request in registry.requests] == [LOOK, "/v2/"]


def test_the_look_carries_no_credentials() -> None:
    with FakeRegistry(auth="bearer", username="ann", password="s") as registry, Client(registry.settings()) as client:
        assert client.glance().status == 401
        assert [(r.method, r.path, "Authorization" in r.headers) for r in registry.requests] == [("GET", LOOK, False)]


def test_where_only_a_password_is_asked_for_a_second_look_brings_it() -> None:
    with FakeRegistry(auth="basic", username="ann", password="s") as registry:

        def zot(exchange) -> bool | None:
            return exchange.answer(Answer(200, {}, ZOT)) if "Authorization" in exchange.request.headers else False

        registry.fault(zot, path=LOOK)
        with Client(registry.settings()) as client:
            assert kind_by_glance(client.glance()) == "zot"
        with Client(registry.settings(username="", secret="")) as client:
            assert kind_by_glance(client.glance()) == "oci"


@pytest.mark.parametrize(
    ("fault", "error"),
    [(status(502), ServerError), (status(503), ServerError), (too_many_requests(), RateLimited)],
)
def test_a_registry_without_time_is_of_no_kind_yet(fault: Callable, error: type[RegistryError]) -> None:
    with FakeRegistry() as registry, Client(registry.settings()) as client:
        registry.fault(fault, path=LOOK)
        with pytest.raises(error):
            client.glance()


def test_a_registry_that_is_not_there_is_of_no_kind_yet() -> None:
    with FakeRegistry() as registry:
        settings = registry.settings()
    with Client(settings) as client, pytest.raises(Unreachable):
        client.glance()
