"""The commands, over real HTTP against a registry that the tests hold in hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command

from tags.models import Movement, Registry, Repository
from tags.registry.agreement import ANSWERS_TO_BE_SURE
from tests.fakeregistry import FakeRegistry
from tests.faults import status
from tests.listings import EXAMPLE, PICTURE

if TYPE_CHECKING:
    from tests.certificates import Certificates

pytestmark = pytest.mark.django_db


def run(*arguments: Any, **options: Any) -> str:
    """What the command prints; SystemExit when it ends with another status than 0."""
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, **options)
    return out.getvalue()


def watch(registry: FakeRegistry, *more: str) -> str:
    return run("watch", "--plain-http", f"{registry.address}/app", *more)


def test_watch_polls_at_once_and_prints_what_is_where(example: FakeRegistry) -> None:
    printed = watch(example)
    assert printed.endswith(PICTURE)
    assert "complete, 12 tags" in printed


def test_watching_twice_is_watching_once_and_updates_what_is_given(example: FakeRegistry) -> None:
    watch(example)
    watch(example, "--interval", "7")
    assert Registry.objects.count() == Repository.objects.count() == 1
    assert Repository.objects.get().every == 7


def test_watch_leaves_a_repository_to_the_worker_that_was_faster(example: FakeRegistry) -> None:
    watch(example)
    assert Repository.objects.get().claim()
    printed = watch(example)
    assert "skipped" in printed
    assert printed.endswith(f"It is watched; `manage.py aliases {example.address}/app` shows what is seen.\n")


def test_watch_takes_credentials_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeRegistry(auth="basic", username="reader", password="pass word") as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        monkeypatch.setattr("sys.stdin", io.StringIO("pass word\n"))
        assert PICTURE in watch(registry, "--username", "reader", "--password-stdin")
    assert "pass word" not in Registry.objects.get().encrypted_secret


def test_watch_fails_in_words_when_the_registry_does(example: FakeRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    example.fault(status(500))
    with pytest.raises(SystemExit) as end:
        watch(example)
    assert end.value.code == 1
    assert Repository.objects.get().error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["watch", "UPPER/case:x:y"], "is no tag"),
        (["watch", "app", "--interval", "0"], "number of seconds"),
        (["watch", "app", "--username", "reader"], "needs --password-stdin"),
        (["watch", "app", "--ca-file", "/nowhere/ca.pem"], "cannot be read"),
        (["poll", "127.0.0.1:5000/nothing"], "is not watched"),
        (["aliases", "127.0.0.1:5000/nothing"], "is not watched"),
        (["movements", "--since", "yesterday"], "is no date and time"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments_are_refused_in_words(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    assert words in str(refused.value)
    assert not Registry.objects.exists()


def test_poll_says_in_json_what_it_cost(example: FakeRegistry) -> None:
    watch(example)
    example.move("app", "production", "2.1")
    [poll] = json.loads(run("poll", "--json"))
    assert {name: value for name, value in poll.items() if name != "seconds"} == {
        "repository": f"{example.address}/app",
        "outcome": "complete",
        "tags": 12,
        "movements": 1,
        "requests": 13 + ANSWERS_TO_BE_SURE,  # for it moved so soon after it was first seen
        "error": "",
    }


def test_poll_ends_with_1_when_a_listing_was_not_complete(example: FakeRegistry) -> None:
    watch(example)
    example.fault(status(503))
    with pytest.raises(SystemExit) as end:
        run("poll", f"{example.address}/app")
    assert end.value.code == 1
    with pytest.raises(SystemExit) as end:
        run("poll", "--json")
    assert end.value.code == 1


def test_poll_without_arguments_polls_what_is_watched(example: FakeRegistry) -> None:
    watch(example)
    Repository.objects.update(enabled=False)
    assert json.loads(run("poll", "--json")) == []


def test_aliases_prints_the_picture_of_the_design_and_nothing_else(example: FakeRegistry) -> None:
    watch(example)
    assert run("aliases", f"{example.address}/app") == PICTURE


def test_aliases_as_of_a_moment(example: FakeRegistry) -> None:
    watch(example)
    example.move("app", "production", "2.1")
    run("poll")
    movement = Movement.objects.get()
    then = run("aliases", f"{example.address}/app", "--at", movement.tag.repository.coverage.get().since.isoformat())
    assert then == PICTURE
    assert run("aliases", f"{example.address}/app") != PICTURE
    with pytest.raises(CommandError, match="not known what was where"):
        run("aliases", f"{example.address}/app", "--at", "2001-01-01")


def test_aliases_of_one_tag_leave_the_others_out(example: FakeRegistry) -> None:
    watch(example)
    assert (
        run("aliases", f"{example.address}/app:production") == "app:2.0 --------> production\napp:production -> 2.0\n"
    )
    assert run("aliases", f"{example.address}/app:1.0") == "app:1.0\n"
    with pytest.raises(CommandError, match="no tag staging"):
        run("aliases", f"{example.address}/app:staging")


def test_aliases_as_json(example: FakeRegistry) -> None:
    watch(example)
    document = json.loads(run("aliases", f"{example.address}/app", "--json"))
    images = {image["version"]: image for image in document["images"]}
    assert images["2.1"]["pointers"] == ["perftesting", "qatesting"]


def test_movements_are_sentences_newest_first(example: FakeRegistry) -> None:
    watch(example)
    example.move("app", "production", "2.1")
    run("poll")
    example.move("app", "production", "2.0")
    run("poll")
    lines = run("movements", f"{example.address}/app").splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        "production was rolled back from 2.1 to 2.0",
        "production moved forward from 2.0 to 2.1",
    ]
    assert all(line.startswith("between ") for line in lines)


def test_movements_can_be_asked_of_one_tag_and_one_time(example: FakeRegistry) -> None:
    watch(example)
    example.move("app", "production", "2.1")
    example.move("app", "rollback", "2.0")
    run("poll")
    [movement] = json.loads(run("movements", f"{example.address}/app:production", "--json"))
    assert movement["sentence"] == "production moved forward from 2.0 to 2.1"
    assert (movement["from_version"], movement["to_version"]) == ("2.0", "2.1")
    assert run("movements", "--until", "2001-01-01") == ""
    assert len(run("movements", "--since", "2001-01-01").splitlines()) == 2


def test_a_registry_under_a_private_authority_is_watched_with_its_certificate(
    certificates: Certificates, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(certificates.authority)
    with FakeRegistry(tls=certificates.server) as registry:
        for tag, content in EXAMPLE.items():
            registry.push("app", tag, content)
        assert run("watch", f"{registry.address}/app", "--ca-file", ca_file).endswith(PICTURE)


def test_a_registry_that_wants_a_client_certificate_is_watched_with_one(
    certificates: Certificates, tmp_path: Path
) -> None:
    ca_file, own = tmp_path / "ca.pem", tmp_path / "own.pem"
    ca_file.write_text(certificates.authority)
    own.write_text(certificates.client)
    with FakeRegistry(tls=certificates.demanding) as registry:
        registry.push("app", "1.0")
        options = ["--ca-file", ca_file, "--client-certificate", own]
        assert "app:1.0" in run("watch", f"{registry.address}/app", *options)
        assert certificates.client.splitlines()[1] not in Registry.objects.get().encrypted_client_certificate


def test_a_registry_is_watched_with_docker_s_own_credentials_and_a_kind(tmp_path: Path) -> None:
    with FakeRegistry(auth="basic", username="ann", password="s3cret") as registry:
        registry.push("app", "1.0")
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"auths": {registry.address: {"username": "ann", "password": "s3cret"}}}))
        options = ["--plain-http", "--docker-config", config, "--kind", "oci"]
        assert "app:1.0" in run("watch", f"{registry.address}/app", *options)
    stored = Registry.objects.get()
    assert (stored.docker_config, stored.kind, stored.encrypted_secret) == (str(config), "oci", "")


def test_what_is_no_client_certificate_is_refused_in_words(tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(CommandError, match="the client certificate is no PEM"):
        run("watch", "registry.example.com/app", "--client-certificate", own)
    assert not Registry.objects.exists()


def test_what_is_no_certificate_is_refused_in_words(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("-----BEGIN CERTIFICATE-----\n")
    with pytest.raises(CommandError, match="no PEM certificate"):
        run("watch", "registry.example.com/app", "--ca-file", ca_file)
    assert not Registry.objects.exists()


def test_a_registry_that_people_disabled_is_not_enabled_behind_their_backs(example: FakeRegistry) -> None:
    watch(example)
    Registry.objects.update(enabled=False)
    with pytest.raises(CommandError, match="is disabled: enable it in the admin first"):
        run("watch", f"{example.address}/other")
    assert not Registry.objects.get().enabled
    assert Repository.objects.count() == 1
