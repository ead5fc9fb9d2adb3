from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tags.registry import BadAnswer, Client, Origin, Settings
from tags.registry.link import next_page
from tags.registry.transport import Request
from tests.certificates import Certificates
from tests.fakeregistry import FakeRegistry
from tests.registry.cases import acceptable, cases

Find = Callable[[str, list[str], Certificates], str | None]


def same_page(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one is other
    one_parts, other_parts = urlsplit(one), urlsplit(other)
    same_place = one_parts[:3] == other_parts[:3]
    return same_place and sorted(parse_qsl(one_parts.query)) == sorted(parse_qsl(other_parts.query))


def in_one_line(base: str, lines: list[str], _certificates: Certificates) -> str | None:
    return next_page(base, ", ".join(lines) or None)


def over_the_wire(base: str, lines: list[str], certificates: Certificates) -> str | None:
    """Asks the base for it, whose name leads to a server that sends these lines."""
    origin = Origin.parse(base)
    head = "".join(f"Link: {line}\r\n" for line in lines)
    answer = f"HTTP/1.1 200 OK\r\n{head}Content-Length: 2\r\n\r\n{{}}".encode()
    with FakeRegistry(tls=certificates.server if origin.scheme == "https" else None) as registry:
        registry.fault(lambda exchange: exchange.write(answer))
        settings = Settings(origin.netloc, origin.scheme == "http", ca_certificate=certificates.authority)
        with Client(settings, resolve=registry.resolve) as client:
            came = client._send_as_is(Request("GET", base))
            return next_page(base, came.headers.get("Link"), came.url)


@pytest.mark.parametrize("next_page_of", [in_one_line, over_the_wire])
@cases("link_headers")
def test_finds_the_next_page(case: dict[str, Any], next_page_of: Find, certificates: Certificates) -> None:
    allowed = acceptable(case)
    try:
        page = next_page_of(case["base"], case["headers"], certificates)
    except BadAnswer:
        assert {"refuse": True} in allowed
        return
    assert any("next" in answer and same_page(page, answer["next"]) for answer in allowed)
    assert not any((page or "").startswith(prefix) for prefix in case.get("forbidden", []))


def test_an_encoded_cursor_stays_encoded() -> None:
    page = next_page("https://r.example.com/v2/a/tags/list?n=2", '<?n=2&last=1%262.71.7>; rel="next"')
    assert page == "https://r.example.com/v2/a/tags/list?n=2&last=1%262.71.7"


LIST, AT_MIRROR = "https://r.example.com/v2/a/tags/list?n=2", "https://mirror.example.net/a/list"


@pytest.mark.parametrize(
    "link", ["?n=2&last=b", "/x?n=2&last=b", f"{AT_MIRROR}?n=2&last=b", "https://r.example.com/x?n=2&last=b"]
)
def test_the_page_after_a_redirected_one_is_asked_for_where_the_first_was(link: str) -> None:
    assert next_page(LIST, f'<{link}>; rel="next"', AT_MIRROR) == f"{LIST}&last=b"


def test_a_redirect_does_not_let_links_name_a_third_host() -> None:
    with pytest.raises(BadAnswer):
        next_page(LIST, '<https://other.example.org/a?last=b>; rel="next"', AT_MIRROR)


def test_a_link_to_what_came_before_is_no_next_page() -> None:
    assert next_page("https://r.example.com/v2/a/tags/list", '</v2/a/tags/list?n=1>; rel="prev"') is None


@pytest.mark.parametrize("header", ["<" * 60_000, "<a>" + ";a" * 20_000 + '"', '<a>; rel="' + "\\" * 60_001])
def test_a_header_without_sense_is_refused_in_no_time(header: str) -> None:
    with pytest.raises(BadAnswer):
        next_page("https://r.example.com/v2/a/tags/list", header)
