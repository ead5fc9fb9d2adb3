import pytest

from tags.registry.vendors.patterns import leads_to, roots


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("shop/*", ["shop"]),
        ("shop/te*", ["shop"]),
        ("shop/backend/*/app", ["shop/backend"]),
        ("shop/app", ["shop/app"]),
        ("shop", ["shop"]),
        ("*", []),
        ("sh*", []),
        ("*/app", []),
        ("[st]hop/app", []),
        ("../*", []),
        ("shop//*", []),
        ("", []),
    ],
)
def test_a_pattern_says_where_to_look_first(pattern: str, expected: list[str]) -> None:
    assert list(roots([pattern])) == expected


def test_several_patterns_name_several_places_once() -> None:
    assert roots(["shop/b*", "shop/a*", "tools/*", "*"]) == ("shop", "tools")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("shop", True), ("shop/team", True), ("shop/team-a/app", True), ("shop/other", False), ("sho", False)],
)
def test_only_what_a_pattern_could_match_is_worth_a_look(path: str, expected: bool) -> None:
    assert leads_to(path, ["shop/team*"]) is expected
