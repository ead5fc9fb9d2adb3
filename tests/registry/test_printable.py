import pytest

from tags.registry.printable import LONGEST, printable


def test_what_can_be_printed_stays_as_it_is() -> None:
    assert printable("/v2/shop/app:5000~[x]") == "/v2/shop/app:5000~[x]"


@pytest.mark.parametrize(
    "hostile", ["a\x00b", "\x1b[31m", "a\r\nb", "\u202egnp", "\ud800", "\x7f", "\x9b", "é", "\U0001f600"]
)
def test_everything_else_is_escaped(hostile: str) -> None:
    shown = printable(hostile)
    assert shown.isascii()
    assert shown.isprintable()
    assert "\\" in shown


@pytest.mark.parametrize("size", [LONGEST - 1, LONGEST, LONGEST + 1, 10_000])
def test_no_more_than_so_much_is_shown(size: int) -> None:
    assert len(printable("x" * size)) == min(size, LONGEST)
