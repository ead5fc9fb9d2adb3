"""Which tags are the same image, both ways."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from tags.aliases import MOST_DRAWN, draw, group_by_digest
from tags.versions import Role, roles

APP = {
    "1.0": "a",
    "1.1": "b",
    "1.2": "c",
    "1.3": "d",
    "2.0": "e",
    "2.1": "f",
    "2.2": "0",
    "latest": "0",
    "perftesting": "f",
    "production": "e",
    "qatesting": "f",
    "rollback": "d",
}

PICTURE = r"""
app:1.0
app:1.1
app:1.2
app:1.3 ---------> rollback
app:2.0 ---------> production
app:2.1 ---------> perftesting
       \---------> qatesting
app:2.2 ---------> latest
app:latest ------> 2.2
app:perftesting -> 2.1
              \--> qatesting
app:production --> 2.0
app:qatesting ---> 2.1
             \---> perftesting
app:rollback ----> 1.3
""".strip()


def named(digests: dict[str, str | None]) -> list[tuple[str, str | None, Role]]:
    found = roles(digests)
    return [(name, digest, found[name]) for name, digest in digests.items()]


def test_app_is_drawn_as_its_owner_drew_it():
    assert draw("app", named(APP)) == PICTURE


def test_order_of_the_tags_does_not_change_the_picture():
    assert draw("app", reversed(named(APP))) == PICTURE


def test_tag_without_an_image_says_so_and_is_no_alias_of_another():
    assert draw("app", named({"1.0": None, "latest": None})) == (
        "app:1.0 (its image is missing)\napp:latest (its image is missing)"
    )


def test_tags_without_aliases_have_no_arrows():
    assert draw("shop/app", named({"2.0": "a", "1.0": "b", "latest": "c"})) == (
        "shop/app:1.0\nshop/app:2.0\nshop/app:latest"
    )


def test_long_name_without_an_alias_does_not_lengthen_the_arrows():
    assert draw("app", named({"1.0": "a", "x": "a", "a-very-long-name": "b"})) == (
        "app:1.0 -> x\napp:a-very-long-name\napp:x ---> 1.0"
    )


def test_attachments_are_not_drawn():
    digests = {"1.0": "a", f"sha256-{'0' * 64}.sig": "a", f"sha256-{'0' * 64}": "b"}
    assert draw("app", named(digests)) == "app:1.0"


def test_nothing_is_drawn_of_nothing():
    assert draw("app", []) == ""


def test_many_aliases_are_counted_and_not_drawn():
    lines = draw("app", named({f"t{letters}": "a" for letters in string.ascii_letters})).splitlines()
    assert len(lines) == len(string.ascii_letters) * (MOST_DRAWN + 1)
    assert lines[MOST_DRAWN].endswith("> and 31 more")


def test_groups_come_in_version_order_and_those_without_a_version_last():
    groups = group_by_digest(named({"nightly": "n", "2.10": "c", "2.9": "b", "latest": "c", "qa": "c", "9f8e7d6": "c"}))
    assert [(group.version, group.pointers) for group in groups] == [
        ("2.9", ()),
        ("2.10", ("latest", "qa")),
        (None, ("nightly",)),
    ]
    assert groups[1].versions == ("9f8e7d6", "2.10")
    assert groups[1].also_known_as == ("9f8e7d6",)


def test_second_name_of_an_image_does_not_move_its_group():
    groups = group_by_digest(named({"1.4": "a", "stable-1.4": "a", "20240101": "a", "2.0": "b"}))
    assert [group.version for group in groups] == ["1.4", "2.0"]


def test_group_leaves_out_attachments_and_missing_images():
    assert group_by_digest(named({"sha256-00.sig": "a", "latest": None})) == []


NAMES = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=12)
DIGESTS = st.one_of(st.none(), st.sampled_from("abcde"))


@given(st.dictionaries(NAMES, DIGESTS, max_size=15))
def test_every_tag_with_an_image_is_in_exactly_one_group(digests):
    tags = named(digests)
    grouped = [name for group in group_by_digest(tags) for name in (*group.versions, *group.pointers)]
    assert sorted(grouped) == sorted(name for name, digest, role in tags if digest and role is not Role.ATTACHMENT)


@given(st.dictionaries(NAMES, DIGESTS, max_size=15))
def test_arrows_end_in_one_column_and_go_both_ways(digests):
    tags = named(digests)
    lines = [line for line in draw("app", tags).splitlines() if "> " in line]
    assert len({line.index("> ") for line in lines}) <= 1
    groups = group_by_digest(tags)
    sizes = [len(group.versions) + len(group.pointers) for group in groups]
    assert len(lines) == sum(size * (size - 1) for size in sizes)
