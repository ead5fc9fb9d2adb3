import pytest

from tags.registry import TooLarge
from tags.registry.ceiling import Ceiling
from tags.registry.deadline import deadline, has_passed
from tags.registry.transport import Request

PAGE = Request("GET", "https://registry.example.com/v2/app/tags/list?last=x")


def test_as_many_pages_as_allowed_are_read_and_none_more() -> None:
    ceiling = Ceiling(pages=2, seconds=60)
    ceiling.page(PAGE)
    ceiling.page(PAGE)
    with pytest.raises(TooLarge, match=r"no end that could be reached \(GET /v2/app/tags/list\)"):
        ceiling.page(PAGE)


def test_a_reading_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(TooLarge):
        Ceiling(pages=2, seconds=-1).page(PAGE)


def test_a_page_whose_address_would_fill_the_memory_is_not_asked_for() -> None:
    with pytest.raises(TooLarge):
        Ceiling(pages=2, seconds=60).page(Request("GET", PAGE.url + "x" * 8000))


def test_as_many_names_as_allowed_are_held_and_none_more() -> None:
    ceiling = Ceiling(pages=2, seconds=60, names=3)
    ceiling.hold(3, PAGE)
    with pytest.raises(TooLarge, match="more than 3 names"):
        ceiling.hold(4, PAGE)


def test_a_request_ends_with_the_reading_it_is_part_of() -> None:
    with deadline(-1), deadline(60):
        assert has_passed()
    with deadline(60), deadline(60):
        assert not has_passed()
