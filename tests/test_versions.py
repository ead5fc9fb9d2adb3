"""What a tag's name says: version or pointer, order, what to show, which way a pointer moved."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tags.versions import (
    Direction,
    Role,
    also_known_as,
    direction,
    display_version,
    names_in,
    roles,
    sort_key,
    versions_between,
    within,
)

ORDERS = json.loads((Path(__file__).parent / "vectors" / "tag_order.json").read_text())["cases"]

HOSTILE = st.text(string.ascii_letters + string.digits + "_.-", min_size=1, max_size=128)
PIECES = ["1", "2", "10", "0", "2024", "01", ".", "-", "_", "v", "rc", "alpine", "a", "b", "post", "latest", "gabc1234"]
PLAUSIBLE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)
NAMES = st.one_of(HOSTILE, PLAUSIBLE)


# Order


@pytest.mark.parametrize("case", ORDERS, ids=[case["id"] for case in ORDERS])
def test_published_order_of_tags_holds(case):
    assert sorted(case["input"], key=sort_key) == case["expect"]


@pytest.mark.parametrize(
    "ascending",
    [
        "3.13.0a1 3.13.0a2 3.13.0b1 3.13.0rc1 3.13.0 3.13.1",
        "1.0.0-M1 1.0.0-RC1 1.0.0-RC2 1.0.0-SNAPSHOT 1.0.0",
        "5.0.0.Alpha1 5.0.0.Beta1 5.0.0.CR1 5.0.0.Final 5.0.0.SP1",
        "2.4.beta 2.4 2.4.0",
        "1.0.0-1 1.0.0-alpha 1.0.0-alpha.1 1.0.0",
        "1.2.3-rc1-alpine 1.2.3-alpine 1.2.3",
        "v1.2.3-rc1 v1.2.3-rc1-4-gabc1234 v1.2.3 v1.2.3-4-g0123abc v1.2.3-10-gabc1234 v1.2.4",
        "1.0-1 1.0-2 1.0-10",
        "1.2.3.4 1.2.3.10 1.2.4.0",
        "20.04 22.04 22.10 24.04",
        "2024.1 2024.01.1 2024.2 2024.10",
        "2024-07 2024-07-21 2024-07-21T11-33-05Z 2024-07-22",
        "2023-07-21-113304-abc123 2023-07-21-113305-abc123",
        "jdk-8.0.1 jdk-11.0.2 JDK-17.0.1",
        "jammy-20240111 jammy-20240227",
        "myapp-v1.9.0 myapp-v1.10.0",
        "r1 r2 r10",
        "99999999999999999999998 99999999999999999999999",
        "1.0 1.0.post1 1.1",
        "edge latest Zebra 9a8b7c6 1.0",
    ],
)
def test_kinds_of_versions_are_in_the_order_people_expect(ascending):
    names = ascending.split()
    assert sorted(sorted(names), key=sort_key) == names


@given(NAMES, NAMES, NAMES)
def test_order_is_total(one, two, three):
    first, second, third = sorted([one, two, three], key=sort_key)
    assert sort_key(first) <= sort_key(second) <= sort_key(third)
    assert sort_key(first) <= sort_key(third)
    assert (sort_key(one) == sort_key(two)) == (one == two)
    assert (sort_key(one) < sort_key(two)) + (sort_key(two) < sort_key(one)) == (one != two)
    assert hash(sort_key(one)) == hash(sort_key(one))


@given(st.text(max_size=128))
def test_name_that_no_registry_may_send_is_read_too(name):
    assert sort_key(name)[-1] == name
    assert roles({name: None})[name] in Role


# Roles


def test_app_of_the_design_has_seven_versions_and_five_pointers():
    digests = {"1.0": "a", "1.1": "b", "1.2": "c", "1.3": "d", "2.0": "e", "2.1": "f", "2.2": "0"}
    pointers = {"latest": "0", "perftesting": "f", "production": "e", "qatesting": "f", "rollback": "d"}
    found = roles(digests | pointers, moved=pointers)
    assert found == dict.fromkeys(digests, Role.VERSION) | dict.fromkeys(pointers, Role.POINTER)


@pytest.mark.parametrize(
    "name",
    [
        "1.2.7",
        "v1.4.2-alpine",
        "1.2.3.4",
        "2026-11-23",
        "2024-07",
        "20240721",
        "1606334284",
        "9a8b7c6",
        "sha-9a8b7c6",
        "0123456789abcdef0123456789abcdef01234567",
        "12345",
        "build-9",
        "3.13-rc1",
        "1.0rc2",
        "1.0-1",
        "rel-1606234201",
        "nightly-20240101",
    ],
)
def test_full_version_stays_a_version_though_it_moved(name):
    assert roles({name: "a"}, moved=[name]) == {name: Role.VERSION}


@pytest.mark.parametrize("name", ["1", "v2", "ltsc2022", "python3", "stable-2.0", "498", "1.0-SNAPSHOT"])
def test_partial_version_is_a_version_until_it_moves(name):
    assert roles({name: "a"}) == {name: Role.VERSION}
    assert roles({name: "a"}, moved={name}) == {name: Role.POINTER}


@pytest.mark.parametrize("name", ["2.1", "v2.1", "2024.01"])
def test_two_parts_that_nothing_continues_are_rebuilt_when_they_move(name):
    assert roles({name: "a"}, moved={name}) == {name: Role.VERSION}
    assert roles({name: "a", f"{name}.7": "b"}, moved={name})[name] == Role.POINTER


@pytest.mark.parametrize(
    "name",
    [
        "latest",
        "production",
        "alpine",
        "v2-latest",
        "2.1-latest",
        "1.2.3-nightly",
        "feature-123",
        "pr-17",
        "qa2",
        "Latest",
    ],
)
def test_name_made_to_move_is_a_pointer_before_it_does(name):
    assert roles({name: "a"}) == {name: Role.POINTER}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("1", "1.2"),
        ("1.2", "1.2.7"),
        ("v1.2", "1.2.7"),
        ("1", "1.2.7"),
        ("1.25-alpine", "1.25.3-alpine3.18"),
        ("3.13-rc", "3.13.0rc1"),
        ("python3", "python3.11"),
        ("2024.1", "2024.1.3"),
    ],
)
def test_partial_version_with_longer_siblings_is_a_pointer(short, long):
    assert roles({short: "a", long: "b"})[short] is Role.POINTER


@pytest.mark.parametrize(
    ("short", "long"), [("1.2", "1.20.7"), ("1.2", "1.2.7-alpine"), ("1.2", "app-1.2.7"), ("2.0", "2.0.0-final")]
)
def test_version_of_another_line_is_no_longer_sibling(short, long):
    assert roles({short: "a", long: "a"}) == {short: Role.VERSION, long: Role.VERSION}


def test_full_version_that_shares_its_digest_with_a_longer_one_points_to_it():
    assert roles({"1.0.3": "a", "1.0.3.12": "a"})["1.0.3"] is Role.POINTER
    assert roles({"1.0.3": "a", "1.0.3.12": "b"})["1.0.3"] is Role.VERSION
    assert roles({"1.0.3": None, "1.0.3.12": None})["1.0.3"] is Role.VERSION


@pytest.mark.parametrize(
    "name", [f"sha256-{'0' * 64}", f"sha256-{'0' * 64}.sig", "sha256-ab.att", "1.0.0.sbom", "x.sig"]
)
def test_signature_attestation_and_referrer_tags_are_attachments(name):
    assert roles({name: "a"}, moved=[name]) == {name: Role.ATTACHMENT}


@given(st.dictionaries(NAMES, st.one_of(st.none(), st.sampled_from("abc")), max_size=20), st.sets(NAMES, max_size=3))
def test_every_tag_has_a_role_whatever_their_order(digests, moved):
    found = roles(digests, moved)
    assert found.keys() == digests.keys()
    assert roles(dict(reversed(digests.items())), list(moved)) == found
    assert all(found[name] is Role.POINTER for name in digests if not set(name) & set(string.digits + "."))


# What to show


@pytest.mark.parametrize(
    ("names", "shown", "others"),
    [
        ("1 1.2 1.2.7", "1.2.7", "1 1.2"),
        ("2.0 stable-2.0", "2.0", "stable-2.0"),
        ("2.1-rc1 2.1", "2.1", "2.1-rc1"),
        ("v2.0 2.0.0", "2.0.0", "v2.0"),
        ("1.25-alpine 1.25.3-alpine 1.25.3", "1.25.3", "1.25-alpine 1.25.3-alpine"),
        ("2.0 9a8b7c6 build-9 20240721", "2.0", "9a8b7c6 20240721 build-9"),
        ("9a8b7c6 20240721", "20240721", "9a8b7c6"),
        ("9a8b7c6", "9a8b7c6", ""),
        ("2.0 2.0.0-final", "2.0 = 2.0.0-final", ""),
        ("2.0 2.0.0 2.0.0-final", "2.0.0", "2.0 2.0.0-final"),
        ("2024.01 1.4", "1.4 = 2024.01", ""),
        ("1.0.0 1.0.1 1.0.2", "1.0.1 = 1.0.2", "1.0.0"),
    ],
)
def test_most_specific_version_is_shown_and_unrelated_ones_joined(names, shown, others):
    assert display_version(names.split()) == shown
    assert also_known_as(names.split()) == others.split()


def test_the_names_in_a_joined_version_are_those_that_were_joined():
    assert names_in(display_version(["2.0", "2.0.0-final"])) == ["2.0", "2.0.0-final"]
    assert names_in("2.1") == ["2.1"]
    assert names_in(None) == names_in("") == []


def test_image_without_versions_has_no_display_version():
    assert display_version(iter(())) is None
    assert also_known_as([]) == []


@given(st.lists(NAMES, min_size=1, max_size=40))
def test_each_name_is_either_shown_or_also_known_as(names):
    shown = display_version(names)
    assert shown is not None
    assert len(shown) <= 259
    assert sorted([*shown.split(" = "), *also_known_as(names)]) == sorted(set(names))


# Direction


@pytest.mark.parametrize("been_there", [True, False])
@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("2.0", "2.1"),
        ("2.1-rc1", "2.1"),
        ("2.1-rc1-alpine", "2.1-alpine"),
        ("1.0-SNAPSHOT", "1.0"),
        ("v1.9", "1.10.0"),
        ("1.25.3-alpine3.9", "1.25.3-alpine3.18"),
        ("1.25.3-alpine", "1.26.0"),
        ("v1.2.3", "v1.2.3-4-gabc1234"),
        ("build-99", "build-100"),
        ("1899", "1901"),
        ("2024.12", "2025.1"),
        ("1.4 = 2024.01", "1.5"),
        ("2.0 = 2.0.0-final", "2.1"),
    ],
)
def test_order_decides_the_direction_wherever_the_pointer_was_before(lower, higher, been_there):
    assert direction(lower, higher, been_there=been_there) is Direction.FORWARD
    assert direction(higher, lower, been_there=been_there) is Direction.ROLLBACK


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, "2.0"),
        (None, None),
        ("2.0", "2.0"),
        ("2.0", "2.0.0"),
        ("9a8b7c6", "0a1b2c3"),
        ("1.25.3", "1.25.3-alpine"),
        ("1.0", "1.0-1"),
        ("1.9", "2024.1"),
        ("app-1.0", "web-1.1"),
        ("1.4 = 2024.01", "1.3 = 2024.02"),
    ],
)
def test_where_order_cannot_tell_a_known_image_is_a_rollback_and_a_new_one_a_change(one, other):
    for a, b in ((one, other), (other, one)):
        assert direction(a, b, been_there=True) is Direction.ROLLBACK
        assert direction(a, b, been_there=False) is Direction.CHANGED


@given(NAMES, NAMES)
def test_way_there_is_the_opposite_of_the_way_back(one, other):
    opposite = {Direction.FORWARD: Direction.ROLLBACK, Direction.ROLLBACK: Direction.FORWARD}
    there = direction(one, other, been_there=False)
    assert direction(other, one, been_there=False) is opposite.get(there, Direction.CHANGED)


# How far ahead


COUNTED = ("1.9", "2.0", "2.1-rc1", "2.1-rc2", "2.1", "v2.1", "2.1.0", "2.2", "3.0-rc1")
IMAGES = st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=8)
UNCOUNTED = ("2.2-alpine", "latest", "9a8b7c6", "2024.1")


@pytest.mark.parametrize(
    ("a", "b", "ahead"),
    [
        ("2.0", "2.1", 1),
        ("2.0", "2.2", 2),
        ("2.2", "2.0", -2),
        ("1.9", "3.0-rc1", 4),
        ("2.0", "2.1-rc2", 1),
        ("2.1", "2.1.0", 0),
        ("2.0", "9a8b7c6", 0),
        ("2.0", "2024.1", 0),
        ("2.1-alpine", "2.2-alpine", 1),
        ("1.8 = 1.9", "2.0 = 2.0.0-final", 1),
        ("2.0", "2.9", 3),
    ],
)
def test_versions_between_counts_releases_once(a, b, ahead):
    assert versions_between(a, b, [[name] for name in COUNTED + UNCOUNTED]) == ahead


@pytest.mark.parametrize(
    ("a", "b", "ahead"),
    [
        ("1.0", "1.1.0 = 1.1.0-final", 1),
        ("1.0", "2.0.0", 2),
        ("1.1.0 = 1.1.0-final", "2.0.0", 1),
        ("1.0", "3.0", 3),
        ("3.0", "1.0", -3),
    ],
)
def test_versions_between_counts_an_image_once_whatever_names_it_has(a, b, ahead):
    images = [["1.0"], ["1.1.0", "v1.1.0", "1.1.0-final"], ["2.0.0", "2.0.0-rc1", "2.0.0-rc2", "2.0"], ["3.0", "3"]]
    assert versions_between(a, b, images) == ahead


@given(NAMES, NAMES, IMAGES)
def test_being_ahead_is_the_opposite_of_being_behind_and_agrees_with_the_direction(one, other, images):
    ahead = versions_between(one, other, images)
    assert versions_between(other, one, images) == -ahead
    assert (ahead > 0) == (direction(one, other, been_there=False) is Direction.FORWARD)


@given(NAMES, NAMES, IMAGES)
def test_what_is_within_two_versions_is_all_that_counts_between_them(one, other, images):
    assert versions_between(one, other, within(images, (one, other))) == versions_between(one, other, images)


def test_what_is_far_away_is_not_within():
    images = [["1.9"], ["2", "9f8e7d6"], ["2.0-post1", "1.0"], ["2.1"], ["2.5", "3.0"], ["9f8e7d6"], ["latest"]]
    assert within(images, ["2.0", "2.2"]) == [["2", "9f8e7d6"], ["2.0-post1", "1.0"], ["2.1"]]
