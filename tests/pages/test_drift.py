from __future__ import annotations

import datetime as dt

from tags.pages.drift import in_words, leads
from tags.pages.standing import Standing
from tags.versions import Role

APRIL = dt.datetime(2026, 4, 14, 9, 36, tzinfo=dt.UTC)
FIVE_MINUTES = dt.timedelta(minutes=5)
VERSIONS = ("1.3", "2.0", "2.1", "2.2")


def sentences(**pointers: tuple[str, int]) -> list[str]:
    """What is said of pointer=(version, days after 14 April that it came there)."""
    tags = [Standing(1, name, Role.VERSION, "present", name, None, APRIL) for name in VERSIONS]
    for name, (version, days) in pointers.items():
        since = APRIL + dt.timedelta(days=days, minutes=10 * bool(days))
        tags.append(Standing(1, name, Role.POINTER, "present", version, since - FIVE_MINUTES, since))
    return [
        lead.drift([[name] for name in VERSIONS]).sentence
        for lead in leads(tags, {version: version for version in VERSIONS})
    ]


def test_production_is_so_many_versions_and_days_behind() -> None:
    assert sentences(production=("2.0", 0), qatesting=("2.1", 25)) == [
        "production is 1 version and 25 days behind qatesting"
    ]


def test_pointers_on_one_image_are_named_together_the_nearest_first() -> None:
    assert sentences(production=("2.0", 0), latest=("2.2", 30), qatesting=("2.1", 25), perftesting=("2.1", 26)) == [
        "production is 1 version and 25 days behind perftesting and qatesting",
        "production is 2 versions and 30 days behind latest",
    ]


def test_days_are_not_told_when_production_came_later() -> None:
    assert sentences(production=("2.0", 25), qatesting=("2.1", 0)) == ["production is 1 version behind qatesting"]


def test_what_is_older_than_production_is_not_drift() -> None:
    assert sentences(production=("2.0", 0), rollback=("1.3", 0)) == []


def test_nothing_is_measured_without_a_production() -> None:
    assert sentences(qatesting=("2.1", 0), latest=("2.2", 0)) == []


def test_names_are_listed_as_in_a_sentence() -> None:
    assert [in_words(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
