from __future__ import annotations

import pytest

from tags.pages import repository as pages
from tags.pages.repository import every_tag, inventory_of, picture
from tags.pages.whatiswhere import By
from tests.factories import NOW, example, look, watch

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("batch", [1, 5, 1000])
def test_every_tag_comes_once_with_its_aliases_however_they_are_read(
    monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(pages, "BATCH", batch)
    repository = example()
    found = {
        row.tag.name: row.aliases for row in every_tag(repository, inventory_of(repository, None, ""), By.TAG, None)
    }
    assert len(found) == repository.tags.count()
    assert found["qatesting"] == ("2.1", "perftesting")


def test_by_pointer_the_aliases_are_whole_too() -> None:
    repository = example()
    rows = every_tag(repository, inventory_of(repository, None, "2.1"), By.POINTER, None)
    assert [(row.tag.name, row.aliases) for row in rows] == [
        ("perftesting", ("2.1", "qatesting")),
        ("qatesting", ("2.1", "perftesting")),
    ]


def test_a_name_without_an_image_is_told_by_version_only() -> None:
    repository = watch()
    look(repository, {"1.0": "a", "live": "a", "next": None}, NOW)
    inventory = inventory_of(repository, None, "")
    assert picture(repository, inventory, By.VERSION, None, None).homeless == ["next"]
    assert picture(repository, inventory, By.TAG, None, None).homeless == []


def test_a_wrong_spelling_is_put_right_only_where_nothing_is_found() -> None:
    repository = example()
    for text, suggestion in (("prodction", "production"), ("production", "")):
        assert (
            picture(repository, inventory_of(repository, None, text), By.VERSION, None, None).suggestion == suggestion
        )
