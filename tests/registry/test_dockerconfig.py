import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tags.registry import Client, CredentialsRefused, Misconfigured, Settings
from tags.registry.credential import Credential
from tags.registry.dockerconfig import DockerConfig
from tags.registry.vendors.harbor import Harbor
from tests.fakeregistry import FakeRegistry
from tests.registry.credentialhelpers import install_helper

HUB = "https://index.docker.io/v1/"
ANN = Credential("ann", "s3cret")


def auth(text: str) -> dict[str, str]:
    return {"auth": b64encode(text.encode()).decode()}


def write(folder: Path, config: Any) -> str:
    path = folder / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return str(path)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("docker.io", HUB),
        ("docker.io", "index.docker.io"),
        ("docker.io", "docker.io"),
        ("docker.io", "https://registry-1.docker.io/v2/"),
        ("registry.example.com", "registry.example.com"),
        ("registry.example.com", "https://registry.example.com"),
        ("registry.example.com", "https://registry.example.com/v1/"),
        ("registry.example.com", "http://Registry.Example.com/v2/"),
        ("registry.example.com", "registry.example.com/shop"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("[::1]:5000", "[::1]:5000"),
    ],
)
def test_an_entry_is_found_by_its_host(tmp_path: Path, address: str, key: str) -> None:
    config = write(tmp_path, {"auths": {"other.example.com": auth("bob:x"), key: auth("ann:s3cret")}})
    assert DockerConfig(config, address).current() == ANN


@pytest.mark.parametrize(
    "key", ["example.com", "registry.example.com:5000", "registry.example.com.evil.net", "xregistry.example.com"]
)
def test_the_entry_of_another_host_is_none_of_ours(tmp_path: Path, key: str) -> None:
    assert DockerConfig(write(tmp_path, {"auths": {key: auth("ann:s3cret")}}), "registry.example.com").current() is None


def test_an_entry_for_all_of_a_registry_comes_before_one_for_a_part(tmp_path: Path) -> None:
    auths = {"quay.io/team": auth("bob:x"), "https://quay.io/v2/": auth("ann:s3cret"), "quay.io/a/b": auth("eve:y")}
    assert DockerConfig(write(tmp_path, {"auths": auths}), "quay.io").current() == ANN


@pytest.mark.parametrize(
    ("entry", "credential"),
    [
        (auth("ann:s3:cret"), Credential("ann", "s3:cret")),
        (auth("ann:s3cret\x00\x00"), ANN),
        (auth("ann:grün"), Credential("ann", "grün")),
        ({"username": "ann", "password": "s3cret"}, ANN),
        ({**auth("ann:"), "identitytoken": "t"}, Credential("<token>", "t")),
        ({"registrytoken": "t"}, Credential("", "t")),
        ({"auth": ""}, None),
        ({"email": "ann@example.com"}, None),
        ({}, None),
    ],
)
def test_every_form_of_an_entry_is_read(tmp_path: Path, entry: Any, credential: Credential | None) -> None:
    assert DockerConfig(write(tmp_path, {"auths": {"quay.io": entry}}), "quay.io").current() == credential


@pytest.mark.parametrize(
    "config", [{}, {"auths": None}, {"auths": []}, {"auths": {"quay.io": "x"}}, {"credsStore": ""}]
)
def test_a_config_without_entries_is_one_without_credentials(tmp_path: Path, config: Any) -> None:
    assert DockerConfig(write(tmp_path, config), "quay.io").current() is None


BROKEN = [
    '{"auths": {"quay.io": {"auth": "s3cret',
    '["s3cret"]',
    "[" * 100_000,
    {"auths": {"quay.io": {"auth": "s3cret!"}}},
    {"auths": {"quay.io": auth("s3cret")}},
    {"auths": {"quay.io": {"auth": ["s3cret"]}}},
    {"auths": {"quay.io": {"username": "s3cret"}}},
    '{"s3cret": "' + "x" * 2**20 + '"}',
]


@pytest.mark.parametrize("config", BROKEN, ids=lambda config: str(config)[:30])
def test_a_broken_config_is_told_without_what_it_holds(tmp_path: Path, config: Any) -> None:
    path = write(tmp_path, config)
    with pytest.raises(Misconfigured) as caught:
        DockerConfig(path, "quay.io").current()
    assert path in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_config_that_is_not_there_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"No such file or directory.*every machine that runs a worker"):
        DockerConfig(str(tmp_path / "config.json"), "quay.io").current()


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(Misconfigured, match="it is no file"):
            DockerConfig(str(path), "quay.io").current()


def test_a_helper_of_the_registry_comes_first_then_the_store_then_the_file(tmp_path: Path, helpers: Path) -> None:
    install_helper(helpers, "own", '{"Username": "own", "Secret": "1"}')
    install_helper(helpers, "store", '{"Username": "store", "Secret": "2"}')
    install_helper(helpers, "empty", "credentials not found in native keychain", code=1)
    file = {"auths": {"quay.io": auth("file:3")}}
    with_store = {**file, "credsStore": "store"}
    for config, found in (
        ({**with_store, "credHelpers": {"https://quay.io": "own"}}, "own"),
        ({**with_store, "credHelpers": {"ghcr.io": "own"}}, "store"),
        ({**file, "credsStore": "empty"}, "file"),
        ({"credsStore": "empty"}, None),
    ):
        credential = DockerConfig(write(tmp_path, config), "quay.io").current()
        assert (credential and credential.username) == found


@pytest.mark.parametrize(
    ("address", "asked"), [("docker.io", HUB), ("quay.io", "quay.io"), ("127.0.0.1:5000", "127.0.0.1:5000")]
)
def test_a_helper_is_asked_as_docker_asks_it(tmp_path: Path, helpers: Path, address: str, asked: str) -> None:
    record = install_helper(helpers, "any", '{"Username": "ann", "Secret": "s3cret"}')
    assert DockerConfig(write(tmp_path, {"credsStore": "any"}), address).current() == ANN
    assert record.read_text() == f"get {asked}\n"


def test_nothing_is_read_before_it_is_needed_and_then_once(tmp_path: Path, helpers: Path) -> None:
    record = install_helper(helpers, "any", '{"Username": "ann", "Secret": "s3cret"}')
    source = DockerConfig(write(tmp_path, {"credsStore": "any"}), "quay.io")
    assert not record.exists()
    assert source.current() == source.current() == ANN
    assert len(record.read_text().splitlines()) == 1


def test_a_refused_credential_is_looked_up_once_more_and_then_final(tmp_path: Path, helpers: Path) -> None:
    record = install_helper(helpers, "any", '{"Username": "ann", "Secret": "old"}')
    source = DockerConfig(write(tmp_path, {"credsStore": "any"}), "quay.io")
    old = source.current()
    assert source.current(old) == source.current(old) == old
    assert len(record.read_text().splitlines()) == 2


def test_a_refused_credential_is_replaced_by_a_newer_one(tmp_path: Path) -> None:
    path = write(tmp_path, {"auths": {"quay.io": auth("ann:old")}})
    source = DockerConfig(path, "quay.io")
    old = source.current()
    write(tmp_path, {"auths": {"quay.io": auth("ann:s3cret")}})
    assert source.current() == old
    assert source.current(old) == ANN
    assert source.current(old) == ANN  # another thread, whose request was under way


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_registry_is_read_with_the_credential_of_docker(tmp_path: Path, kind: str) -> None:
    with FakeRegistry(auth=kind, username="ann", password="s3cret") as registry:
        registry.push("app", "1.0")
        path = write(tmp_path, {"auths": {registry.url: auth("ann:old")}})
        settings = registry.settings(username="", secret="", docker_config=path)
        with Client(settings) as client:
            assert isinstance(client.listing("app").error, CredentialsRefused)
            write(tmp_path, {"auths": {registry.url: auth("ann:s3cret")}})
            registry.requests.clear()
            with Client(settings) as fresh:
                assert fresh.listing("app").error is None


@pytest.mark.parametrize("kind", ["basic", "bearer"])
def test_a_password_that_changed_in_the_file_costs_one_refusal(tmp_path: Path, kind: str) -> None:
    with FakeRegistry(auth=kind, username="ann", password="old") as registry:
        registry.push("app", "1.0")
        path = write(tmp_path, {"auths": {registry.url: auth("ann:old")}})
        with Client(registry.settings(username="", secret="", docker_config=path)) as client:
            assert client.listing("app").error is None
            registry.password = "s3cret"
            registry.revoke_tokens()
            write(tmp_path, {"auths": {registry.url: auth("ann:s3cret")}})
            assert client.listing("app").error is None


def test_one_client_runs_a_helper_once(tmp_path: Path, helpers: Path) -> None:
    """The registry's own side and its vendor's API share what is known."""
    with FakeRegistry(auth="basic", username="ann", password="s3cret") as registry:
        registry.push("app", "1.0")
        record = install_helper(helpers, "any", '{"Username": "ann", "Secret": "s3cret"}')
        path = write(tmp_path, {"credsStore": "any"})
        with Harbor(registry.settings(username="", secret="", docker_config=path)) as client:
            assert client.listing("app").error is None
        assert len(record.read_text().splitlines()) == 1


def test_an_identity_token_of_docker_is_posted(tmp_path: Path) -> None:
    with FakeRegistry(auth="bearer", username="<token>", password="identity") as registry:
        registry.push("app", "1.0")
        path = write(tmp_path, {"auths": {registry.url: {"identitytoken": "identity"}}})
        with Client(registry.settings(username="", secret="", docker_config=path)) as client:
            assert client.listing("app").error is None
        assert [r.method for r in registry.asked("^/token")] == ["POST"]


def test_a_broken_config_is_the_error_of_the_poll(tmp_path: Path) -> None:
    with FakeRegistry(auth="basic") as registry:
        with Client(registry.settings(docker_config=write(tmp_path, "x"))) as client:
            assert isinstance(client.listing("app").error, Misconfigured)
        assert not registry.requests


def test_settings_with_a_path_read_nothing(tmp_path: Path) -> None:
    assert Settings("quay.io", docker_config=str(tmp_path / "nowhere")).credentials is not None
