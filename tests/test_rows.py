"""The cells of "What is where", where names and labels are whatever a registry holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from tags.aliases import group_of
from tags.models import Image
from tags.pages.whatiswhere import MOST_NAMES, Row
from tests.factories import HOUR, NOW
from tests.listings import digest

AT = "2026-05-03T14:00"


def row(*versions: str, image: Image | None = None, **facts: Any) -> Row:
    told: dict[str, Any] = {
        "arrivals": (),
        "departures": (),
        "missing": (),
        "disputed": (),
        "was": "",
        "swept_at": None,
        "label": "",
    }
    return Row(group=group_of(digest("a"), versions, ()), image=image, **told | facts)


def rendered(source: str, row: Row, **context: object) -> str:
    request = RequestFactory().get("/", {"at": AT})
    facts = {"request": request, "row": row, "address": "/registry.example.com/shop/app/", "now": NOW, **context}
    return Template("{% load rows %}" + source).render(Context(facts))


def test_a_version_leads_to_its_page_and_keeps_to_the_moment() -> None:
    assert rendered("{% version row %}", row("2.0")) == (
        '<a class="version" href="/registry.example.com/shop/app:2.0/">2.0</a>'
    )
    at_a_moment = rendered("{% version row %}", row("2.0"), moment=NOW)
    assert 'href="/registry.example.com/shop/app:2.0/?at=2026-05-03T14%3A00"' in at_a_moment


def test_what_a_registry_wrote_is_only_text() -> None:
    hostile = row("1.0", '1.0-<b>"', label="<i>", missing=("<u>",))
    html = rendered("{% version row %}{% other_names row %}", hostile)
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<u>" not in html


def test_an_image_without_a_version_says_what_it_was_called() -> None:
    assert "no version tag (was 2.1)" in rendered("{% version row %}", row(was="2.1"))


def test_what_is_said_of_an_image_stands_below_its_name() -> None:
    html = rendered("{% version row %}", row("2.0", swept_at=NOW - 5 * HOUR, label="team=checkout", missing=("2.0",)))
    assert "checked 5 h ago, with the daily look" in html
    assert "label team=checkout" in html
    assert "2.0: its image is missing" in html


def test_a_name_that_the_servers_disagree_about_is_marked() -> None:
    assert "<b>: the registry" not in rendered("{% version row %}", row("2.0", disputed=("<b>",)))
    assert "production: the registry&#x27;s servers disagree" in rendered(
        "{% version row %}", row("2.0", disputed=("production",))
    )


def test_of_many_other_names_the_first_are_shown_and_the_rest_counted() -> None:
    html = rendered("{% other_names row %}", row("2.0", *(f"2.0-rc{number}" for number in range(MOST_NAMES + 5))))
    assert html.count("<a ") == MOST_NAMES + 1
    assert "and 5 more" in html
    assert "no other name" in rendered("{% other_names row %}", row("2.0"))


def test_an_image_tells_when_it_was_built_in_the_words_of_the_viewer() -> None:
    built = dt.datetime(2026, 5, 8, 12, 0, tzinfo=dt.UTC)
    described = row("2.0", image=Image(created=built, size=48_200_000, platforms=["linux/amd64", "linux/arm64"]))
    html = rendered("{% image row 2 %}", described)
    assert ">8 May 2026</time>" in html
    assert "46.0" in html
    assert "linux/amd64, linux/arm64" in html
    assert html.count('rowspan="2"') == 4
    with translation.override("de"):
        assert "8. Mai 2026" in rendered("{% image row %}", described)


def test_what_is_not_known_of_an_image_says_so() -> None:
    assert rendered("{% image row %}", row("2.0")).count("not known") == 3
