from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tags.models import Image
from tags.pages.labels import labelled, matching
from tests.factories import MINUTE, NOW, example, look, watch
from tests.listings import digest

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

LABELS = {"org.opencontainers.image.revision": "c0ffee1", "team": "Checkout", "base.version": "12.1.3"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team=checkout", "team=Checkout"),
        ("team=", "team=Checkout"),
        ("revision=c0f", "org.opencontainers.image.revision=c0ffee1"),
        ("org.opencontainers.image.revision=c0ffee1", "org.opencontainers.image.revision=c0ffee1"),
        ("check", "team=Checkout"),
        ("12.1.3", "base.version=12.1.3"),
    ],
)
def test_a_label_is_found_by_its_value_or_by_name_and_value(text: str, words: str) -> None:
    assert matching(LABELS, text) == words


@pytest.mark.parametrize("text", ["2.1", "team=payment", "tea=checkout", "vision=c0f", "=checkout"])
def test_what_is_no_label_and_no_value_of_one_finds_nothing(text: str) -> None:
    assert matching(LABELS, text) == ""


def test_a_value_with_an_equals_sign_is_found_as_a_value() -> None:
    assert matching({"flags": "a=b"}, "a=b") == "flags=a=b"


def test_a_long_label_is_told_only_in_part() -> None:
    assert len(matching({"text": "x" * 500}, "xxxx")) == 80


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["team=Käse & Wurst", "käse", 'a "quoted" word', "KÄSE & wurst", "50 %_off"])
def test_the_database_finds_the_digests_whatever_the_labels_hold(text: str) -> None:
    repository = example()
    Image.objects.create(digest=digest("elsewhere"), labels={"team": text})
    Image.objects.update_or_create(
        digest=digest("2.0"), defaults={"labels": {"team": "Käse & Wurst", "x": 'a "quoted" word', "y": "50 %_off"}}
    )
    assert list(labelled(repository, None, text)) == [digest("2.0")]


@pytest.mark.django_db
def test_no_text_finds_nothing() -> None:
    assert labelled(example(), None, "") == {}


@pytest.mark.django_db
def test_in_the_past_what_all_tags_have_left_since_is_found_too(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    repository = watch()
    look(repository, {"1.0": "a", "production": "a"}, NOW - 5 * MINUTE)
    look(repository, {"2.0": "b", "production": "b"})
    Image.objects.filter(digest=digest("a")).update(labels={"team": "checkout"})
    with django_assert_num_queries(1):
        assert labelled(repository, NOW - MINUTE, "team=checkout") == {digest("a"): "team=checkout"}
    assert labelled(repository, NOW + MINUTE, "team=checkout") == labelled(repository, None, "team=checkout") == {}
