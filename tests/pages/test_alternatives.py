from __future__ import annotations

import pytest

from tags.models import Movement, Repository
from tags.pages.alternatives import Alternative, alternatives
from tags.pages.compare import Side, told
from tags.pages.journal import sides
from tests.factories import MINUTE, NOW, look, moved, watch
from tests.listings import EXAMPLE

pytestmark = pytest.mark.django_db


def before_and_after(repository: Repository, name: str) -> Alternative:
    tag = repository.tags.get(name=name)
    found = {choice.title: choice for choice in alternatives(Side(tag, None, False), None, [], NOW + MINUTE)}
    return found[f"{name}: before and after its last move from one image to another"]


def test_the_last_move_is_told_by_both_its_ends() -> None:
    repository = moved()
    choice = before_and_after(repository, "production")
    last = Movement.objects.for_comparisons().get(tag__name="production")
    assert (choice.a, choice.b) == sides(last)
    assert choice.b == told(str(last.tag), last.before)


def test_what_came_or_went_is_not_the_last_move() -> None:
    repository = moved()
    look(repository, {name: version for name, version in EXAMPLE.items() if name != "production"}, NOW + MINUTE)
    look(repository, EXAMPLE, NOW + 2 * MINUTE)
    last = Movement.objects.for_comparisons().get(tag__name="production", kind="forward")
    assert before_and_after(repository, "production").b == told(str(last.tag), last.before)


def test_a_tag_that_was_never_on_another_image_has_no_last_move() -> None:
    repository = watch()
    look(repository, {"1.0": "a", "production": "a"}, NOW - MINUTE)
    look(repository, {"1.0": "a"})
    tag = repository.tags.get(name="production")
    assert [choice.title for choice in alternatives(Side(tag, None, False), None, [], NOW)] == [
        "production: last Friday evening and now"
    ]
