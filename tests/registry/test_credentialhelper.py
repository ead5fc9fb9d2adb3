from pathlib import Path
from typing import Any

import pytest

from tags.registry import Misconfigured, credentialhelper
from tags.registry.credential import Credential
from tags.registry.credentialhelper import credential_of
from tests.registry.credentialhelpers import install_helper

GOOD = '{"ServerURL": "quay.io", "Username": "ann", "Secret": "s3cret"}'


def test_a_helper_tells_user_and_secret(helpers: Path) -> None:
    record = install_helper(helpers, "ecr-login", GOOD)
    assert credential_of("ecr-login", "quay.io") == Credential("ann", "s3cret")
    assert record.read_text() == "get quay.io\n"


def test_a_helper_may_know_an_identity_token(helpers: Path) -> None:
    install_helper(helpers, "any", '{"Username": "<token>", "Secret": "s3cret"}')
    credential = credential_of("any", "quay.io")
    assert credential
    assert credential.is_identity_token


@pytest.mark.parametrize(
    ("answer", "code"), [("credentials not found in native keychain\n", 1), ('{"Username": "", "Secret": ""}', 0)]
)
def test_a_helper_that_knows_nothing_means_no_credential(helpers: Path, answer: str, code: int) -> None:
    install_helper(helpers, "any", answer, code=code)
    assert credential_of("any", "quay.io") is None


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("s3cret", 1),
        (GOOD, 1),
        ("s3cret", 0),
        ('["s3cret"]', 0),
        ('{"Secret": "s3cret"}', 0),
        ('{"Username": 1, "Secret": "s3cret"}', 0),
        ('{"Username": "ann", "Secret": ["s3cret"]}', 0),
        ("[" * 60_000, 0),
        ("", 0),
    ],
)
def test_what_a_failing_helper_says_is_not_repeated(helpers: Path, answer: str, code: int) -> None:
    install_helper(helpers, "any", answer, code=code)
    with pytest.raises(Misconfigured, match=r"try `echo quay.io \| docker-credential-any get`") as caught:
        credential_of("any", "quay.io")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("helper", ["../evil", "a b", "a;b", "a/b", "a\nb", "", 7, ["any"], "ä"])
def test_a_name_that_is_none_is_not_run(helpers: Path, helper: Any) -> None:
    with pytest.raises(Misconfigured, match="no name of a docker credential helper"):
        credential_of(helper, "quay.io")


def test_a_helper_that_is_not_installed_is_told_by_name(helpers: Path) -> None:
    with pytest.raises(Misconfigured, match="docker-credential-absent is not installed"):
        credential_of("absent", "quay.io")


def test_a_helper_that_hangs_is_killed_with_its_children(helpers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentialhelper, "_SECONDS", 0.2)
    install_helper(helpers, "any", GOOD, before="sleep 60 &\nwait")
    with pytest.raises(Misconfigured):
        credential_of("any", "quay.io")


def test_what_a_helper_leaves_running_is_not_waited_for(helpers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentialhelper, "_SECONDS", 0.5)
    install_helper(helpers, "any", GOOD, before="setsid sleep 20 &")
    assert credential_of("any", "quay.io") == Credential("ann", "s3cret")


def test_a_helper_that_floods_is_cut_off(helpers: Path) -> None:
    install_helper(helpers, "any", "", before="exec cat /dev/zero")
    with pytest.raises(Misconfigured):
        credential_of("any", "quay.io")


def test_a_helper_may_answer_without_listening(helpers: Path) -> None:
    program = helpers / "docker-credential-deaf"
    program.write_text(f"#!/bin/sh\nexec <&-\necho '{GOOD}'\n")
    program.chmod(0o755)
    assert credential_of("deaf", "quay.io") == Credential("ann", "s3cret")
