"""Addresses that mean the same to whoever they are sent to."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils.http import urlencode

from tests.factories import example, moved
from tests.views.reading import text_of

APP = "registry.example.com/shop/app"


@pytest.mark.parametrize(
    ("asked", "exact"),
    [
        ("at=2026-05-12", "at=2026-05-11T22:00:00.000000Z"),
        ("at=2026-05-12T00:00", "at=2026-05-11T22:00:00.000000Z"),
        ("at=2026-01-12T00:00", "at=2026-01-11T23:00:00.000000Z"),
        (
            "kind=forward&from=2026-05-10&to=2026-05-10",
            "kind=forward&from=2026-05-09T22:00:00.000000Z&to=2026-05-10T22:00:00.000000Z",
        ),
        ("to=2026-10-25", "to=2026-10-25T23:00:00.000000Z"),  # a day of 25 hours
    ],
)
def test_a_moment_of_nobody_s_zone_is_asked_for_again_in_utc(client: Client, asked: str, exact: str) -> None:
    moved()
    response = client.get(f"/movements/?{asked}")
    assert response.status_code == 302
    assert parse_qs(urlsplit(response["Location"]).query) == parse_qs(exact)
    assert client.get(response["Location"]).status_code == 200


@pytest.mark.parametrize(
    "address", ["/", f"/{APP}/", f"/{APP}:production/", f"/matrix/{APP}/", "/search/", "/registries/"]
)
def test_every_page_stamps_its_moment(client: Client, address: str) -> None:
    example()
    response = client.get(f"{address}?at=2026-05-15T14:00")
    assert response["Location"] == f"{address}?at=2026-05-15T12%3A00%3A00.000000Z"


def test_a_side_of_a_comparison_is_stamped_too(client: Client) -> None:
    example()
    response = client.get(f"/compare/?a={APP}:2.0@2026-05-15T14:00&b={APP}:2.1")
    assert f"{APP}:2.0@2026-05-15T12:00:00.000000Z" in parse_qs(urlsplit(response["Location"]).query)["a"]


@pytest.mark.parametrize("at", ["2026-05-15T11:54Z", "2026-05-15T13:54%2B02:00", "", "yesterday"])
def test_what_is_exact_or_no_moment_is_left_as_it_is(client: Client, at: str) -> None:
    moved()
    assert client.get(f"/?at={at}").status_code != 302


def test_programs_that_ask_for_a_format_need_not_follow(client: Client) -> None:
    moved()
    assert client.get("/movements/?from=2026-05-15&to=2026-05-15&format=csv").status_code == 200


@pytest.mark.parametrize(
    "exact", ["2026-05-15T12:00:01Z", "2026-05-15T11:59:59.123456Z", "2025-10-26T00:30:00Z", "2025-10-26T01:30:00Z"]
)
def test_the_form_that_nobody_touched_asks_for_the_same_moment(client: Client, exact: str) -> None:
    moved()
    response = client.get(f"/movements/?at={exact}&from=2025-01-01T00:00:00.5Z")
    for name in ("at", "from"):
        fields = re.findall(
            rf'<input type="(?:hidden|datetime-local)"[^>]* name="{name}" value="([^"]*)"', response.text
        )
        sent = client.get(f"/movements/?{urlencode({name: [unescape(value) for value in fields[-2:]]}, doseq=True)}")
        assert sent.status_code == 302
        again = client.get(sent["Location"])
        window = again.context["window"]
        told = response.context["window"]
        assert (window.moment if name == "at" else window.start) == (told.moment if name == "at" else told.start)


@pytest.mark.parametrize("exact", ["2026-05-15T11:59:59.123456Z", "2025-10-26T00:30:00.5Z", "2025-10-26T01:30:00.5Z"])
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/?than={}&at={}&q=app", "than"),
        (f"/compare/?a={APP}:production@{{}}&b={APP}:qatesting", "a_at"),
        (f"/compare/?a={APP}:production&b={APP}:qatesting@{{}}", "b_at"),
    ],
)
def test_a_form_that_is_sent_again_untouched_leads_to_the_same_page(
    client: Client, exact: str, address: str, name: str
) -> None:
    moved()
    response = client.get(address.format(exact, exact))
    form = next(part for part in response.text.split("<form")[1:] if f'id="{name}"' in part).partition("</form>")[0]
    inputs = re.findall(r'<input type="(?:hidden|text|datetime-local)"[^>]* name="[^>]*>', form)
    fields = [(re.search(r' name="([^"]*)"', one), re.search(r' value="([^"]*)"', one)) for one in inputs]
    query = [(field[1], unescape(value[1]) if value else "") for field, value in fields if field]
    again = client.get(f"{response.request['PATH_INFO']}?{urlencode(query)}", follow=True)
    assert again.status_code == 200
    if name == "than":
        assert again.context["than"] == response.context["than"]
    else:
        assert [field["moment"] for field in again.context["fields"]] == [
            field["moment"] for field in response.context["fields"]
        ]


def test_a_field_that_was_filled_anew_counts(client: Client) -> None:
    moved()
    shown = {"at": ["2026-05-15T11:54:00.500000Z", "2026-05-15T13:50"]}
    response = client.get(f"/movements/?{urlencode(shown, doseq=True)}")
    assert response["Location"] == "/movements/?at=2026-05-15T11%3A50%3A00.000000Z"


def test_the_zone_of_a_page_is_that_of_its_moment(client: Client) -> None:
    example()
    assert "Times in Europe/Berlin (UTC+1)" in client.get("/?at=2026-01-15T12:00Z").text
    page = client.get("/")
    assert "Times in Europe/Berlin (UTC+2)" in page.text
    assert "(Europe/Berlin (UTC+2))" in text_of(page)
