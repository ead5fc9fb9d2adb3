from __future__ import annotations

import datetime as dt

from tags.models import Image, Repository, Tag
from tags.pages.compare import Comparison, Side, compare, told
from tags.pages.sourcecode import REVISION, SOURCE
from tags.pages.standing import Standing
from tests.factories import DAY, NOW
from tests.listings import digest

VERSIONS = [["1.0"], ["1.1"], ["1.2"], ["2.0"]]


def side(
    name: str, version: str, *, pk: int = 1, moment: dt.datetime | None = None, days: int = 1, **image: object
) -> Side:
    """A tag on the image of that version, there for so many days; the image is read when anything is told of it."""
    tag = Tag(pk=pk, name=name, repository=Repository(pk=1, registry_id=1, name="shop/app"))
    role = "version" if name == version else "pointer"
    standing = Standing(1, name, role, "present", digest(version), NOW - days * DAY, NOW - days * DAY)
    read = Image(digest=digest(version), described_at=NOW if image else None, **image)
    return Side(tag, moment, moment is not None, standing, version=version, image=read)


def compared(a: Side, b: Side, *, shows_all: bool = True) -> Comparison:
    return compare(a, b, VERSIONS, (), NOW, shows_all=shows_all)


def test_the_one_behind_is_named_first_whichever_side_it_is_on() -> None:
    production, qatesting = side("production", "1.0"), side("qatesting", "2.0", pk=2)
    words = "production is 3 versions behind qatesting"
    assert compared(production, qatesting).drift == compared(qatesting, production).drift == words


def test_of_two_pointers_the_days_between_their_moves_are_told() -> None:
    found = compared(side("production", "1.0", days=9), side("qatesting", "1.1", pk=2, days=2))
    assert found.drift == "production is 1 version and 7 days behind qatesting"


def test_of_two_versions_the_days_between_their_builds_are_told_or_else_those_between_their_coming() -> None:
    old, new = side("1.0", "1.0", days=9), side("1.1", "1.1", pk=2, days=2)
    assert compared(old, new).drift == "1.0 is 1 version and 7 days behind 1.1"
    old = side("1.0", "1.0", days=9, created=NOW - 30 * DAY)
    assert compared(old, new).drift == "1.0 is 1 version and 7 days behind 1.1"
    new = side("1.1", "1.1", pk=2, days=2, created=NOW - 10 * DAY)
    assert compared(old, new).drift == "1.0 is 1 version and 20 days behind 1.1"


def test_between_a_pointer_and_a_version_no_days_are_told() -> None:
    found = compared(side("production", "1.0", days=9), side("1.1", "1.1", pk=2, days=2))
    assert found.drift == "production is 1 version behind 1.1"


def test_each_side_tells_ages_up_to_its_own_moment() -> None:
    then = side("production", "1.0", moment=NOW - 2 * DAY, days=9, created=NOW - 12 * DAY)
    since, built = (row.a.text for row in compared(then, side("qatesting", "1.1", pk=2)).all_rows[2:4])
    assert since == "Wed 6 May 14:00 (7 days)"
    assert built == "Sun 3 May 14:00 (10 days earlier)"


def test_too_many_versions_are_not_counted() -> None:
    found = compare(side("production", "1.0"), side("qatesting", "2.0", pk=2), None, (), NOW, shows_all=True)
    assert found.drift == "production is behind qatesting"


def test_one_tag_at_two_moments_is_told_apart_by_them() -> None:
    then, now = side("production", "1.0", moment=NOW - 7 * DAY), side("production", "1.1")
    assert compared(then, now).drift == "production on 8 May 2026 14:00 is 1 version behind production now"


def test_versions_without_an_order_have_no_drift() -> None:
    assert compared(side("production", "1.0"), side("nightly", "", pk=2)).drift == ""


def test_only_what_is_known_on_both_sides_can_differ() -> None:
    found = compared(side("a", "1.0", size=5), side("b", "1.1", pk=2))
    size = next(row for row in found.all_rows if row.name == "size")
    assert (size.differs, size.is_comparable, size.b.text) == (False, False, "not read yet")
    assert size in found.rows


def test_a_label_that_one_side_lacks_differs() -> None:
    found = compared(side("a", "1.0", labels={"team": "shop"}), side("b", "1.1", pk=2, labels={}), shows_all=False)
    assert [row.name for row in found.rows] == ["version", "digest", "team"]


def test_the_order_of_platforms_is_no_difference() -> None:
    one, other = ["linux/amd64", "linux/arm64"], ["linux/arm64", "linux/amd64"]
    found = compared(side("a", "1.0", platforms=one), side("b", "1.1", pk=2, platforms=other))
    assert not next(row for row in found.all_rows if row.name == "platforms").differs


def test_commits_are_listed_since_the_older_image_without_versions_too() -> None:
    def built(name: str, revision: str, days: int, pk: int) -> Side:
        labels = {SOURCE: "https://github.com/shop/app", REVISION: revision}
        return side(name, "", pk=pk, created=NOW - days * DAY, labels=labels)

    old, new = built("old", "a" * 40, 9, 1), built("new", "b" * 40, 2, 2)
    for found in (compared(old, new), compared(new, old)):
        assert found.commits
        assert found.commits.address.endswith(f"{'a' * 40}...{'b' * 40}")


def test_a_side_is_told_with_its_moment_in_utc() -> None:
    berlin = dt.datetime(2026, 5, 3, 14, 0, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert told("shop/app:production", berlin) == "shop/app:production@2026-05-03T12:00:00.000000Z"
    assert told("shop/app:production", None) == "shop/app:production"
