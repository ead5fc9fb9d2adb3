from __future__ import annotations

import pytest

from tags.pages import tag as pages
from tags.pages.journal import comparison
from tags.pages.tag import Former, Place, comparisons, formers, place_of
from tests.factories import DAY, HOUR, MINUTE, NOW, look, moved, watch
from tests.listings import digest

pytestmark = pytest.mark.django_db


def test_the_versions_it_was_on_are_told_once_each_the_last_one_first(monkeypatch: pytest.MonkeyPatch) -> None:
    repository = watch()
    versions = {name: name for name in ("1.0", "1.1", "1.2", "1.3")}
    for number, content in enumerate(("1.0", "1.1", "1.0", "1.2", "1.3")):
        look(repository, {**versions, "live": content}, NOW - (5 - number) * HOUR)
    moves = repository.tags.get(name="live").movements.all()
    assert [former.version for former in formers(moves, None, Place())] == ["1.2", "1.0", "1.1"]
    assert [former.version for former in formers(moves, None, Place(version="1.0"))] == ["1.2", "1.1"]
    assert [former.version for former in formers(moves, NOW - 3 * HOUR + MINUTE, Place())] == ["1.1", "1.0"]
    monkeypatch.setattr(pages, "MOST_FORMER", 1)
    assert [former.version for former in formers(moves, None, Place())] == ["1.2"]


def test_what_it_was_on_without_a_version_is_told_by_its_digest() -> None:
    repository = watch()
    for number, content in enumerate(("night", "1.0", "noon", "night")):
        look(repository, {"1.0": "1.0", "nightly": content}, NOW - (5 - number) * HOUR)
    tag = repository.tags.get(name="nightly")
    found = formers(tag.movements.all(), None, place_of(tag, None, NOW))
    assert found == [Former(None, digest("noon")), Former("1.0", None)]
    assert found[0].image_url == f"/{digest('noon')}/"


def test_a_tag_without_an_image_is_there_all_the_same() -> None:
    repository = watch()
    look(repository, {"next": None})
    place = place_of(repository.tags.get(name="next"), None, NOW)
    assert place.standing
    assert (place.standing.is_missing, place.digest, place.version, place.commit) == (True, None, "", None)


def test_before_anybody_looked_nothing_is_known_of_a_place() -> None:
    repository = moved()
    place = place_of(repository.tags.get(name="production"), NOW - DAY, NOW)
    assert place.standing is None
    assert place.unknown.startswith("not watched before")


def test_a_place_names_all_who_are_there() -> None:
    repository = watch()
    look(repository, {"2.1": "a", "2.1.0": "a", "live": "a", "test": "a", "1.0": "b"})
    place = place_of(repository.tags.get(name="live"), None, NOW)
    assert (place.version, place.also_known_as, place.pointers) == ("2.1.0", (), ("2.1", "test"))
    assert place.image_url == f"/{digest('a')}/"


def test_what_came_after_last_friday_is_not_compared_with_it() -> None:
    for days, is_compared in ((9, True), (1, False)):
        tag = moved(f"registry.example.com/shop/app{days}", at=NOW - days * DAY).tags.get(name="production")
        found = comparisons(tag, tag.movements.all(), None, NOW)
        assert bool(found.since_friday) is is_compared
        assert found.last_move == comparison(tag.movements.for_comparisons().get())
