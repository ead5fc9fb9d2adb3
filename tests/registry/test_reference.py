from typing import Any

import pytest

from tags.registry import InvalidReference, Reference, is_digest, is_repository_name, is_tag_name
from tests.registry.cases import cases


@cases("references")
def test_reads_references_as_docker_does(case: dict[str, Any]) -> None:
    if "error" in case["expect"]:
        with pytest.raises(InvalidReference):
            Reference.parse(case["input"])
        return
    reference = Reference.parse(case["input"])
    found = {name: getattr(reference, name) for name in ("domain", "path", "tag", "digest")}
    assert found == case["expect"]
    assert reference.familiar == case["familiar"]


def test_prints_in_full() -> None:
    assert str(Reference.parse("python:3.12")) == "docker.io/library/python:3.12"
    assert Reference.parse("python").name == "docker.io/library/python"


def test_host_is_the_domain_without_its_case() -> None:
    assert Reference.parse("EXAMPLE.com/app").host == "example.com"
    assert Reference.parse("EXAMPLE.com/app").domain == "EXAMPLE.com"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://example.com/app", "without http://"),
        ("example.com/App", "lower case"),
        ("app:-1", "is no tag"),
        ("app@sha256:12", "64 digits"),
        ("app@md5:12", "is no digest"),
        ("a" * 64, "image's id"),
        ("a/" + "b" * 256, "longer than 255"),
    ],
)
def test_says_what_to_change(text: str, words: str) -> None:
    with pytest.raises(InvalidReference, match=words):
        Reference.parse(text)


def test_a_message_shows_little_of_a_long_text() -> None:
    with pytest.raises(InvalidReference) as caught:
        Reference.parse("app:" + "x" * 100_000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", ["latest\n", "", "-a", ".a", "a b", "x" * 129, "é", "\u0661", "a/b"])
def test_no_tag_names(text: str) -> None:
    assert not is_tag_name(text)


@pytest.mark.parametrize("text", ["sha256:" + "a" * 63, "sha256:" + "A" * 64, "sha256:" + "a" * 64 + "\n", "a" * 64])
def test_no_digests(text: str) -> None:
    assert not is_digest(text)


@pytest.mark.parametrize("text", ["../etc", "a//b", "a/", "A", "a?b", "a" * 256, ""])
def test_no_repository_names(text: str) -> None:
    assert not is_repository_name(text)
