"""Links from page to page, and the hidden fields of forms: what was asked for is kept."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.template import Context, Template
from django.test import RequestFactory

from tests.factories import NOW

AT = "2026-05-03T14:00+02:00"


def rendered(source: str, query: dict[str, Any] | None = None, **context: object) -> str:
    request = RequestFactory().get("/", query or {})
    return Template("{% load links %}" + source).render(Context({"request": request, **context}))


class TestLink:
    def test_is_the_address_when_the_page_is_about_now(self) -> None:
        assert rendered("{% link '/registries/' %}") == "/registries/"

    def test_goes_on_looking_at_the_moment_of_the_page(self) -> None:
        told = rendered("{% link '/a/' q='2.1' %}", {"at": AT}, moment=NOW)
        assert told == "/a/?q=2.1&amp;at=2026-05-03T14%3A00%2B02%3A00"

    def test_takes_no_moment_from_a_page_that_has_none(self) -> None:
        assert rendered("{% link '/a/' %}", {"at": AT}) == "/a/"

    def test_leaves_out_what_is_empty(self) -> None:
        assert rendered("{% link '/a/' q='' by=None page=2 %}") == "/a/?page=2"

    def test_says_a_list_as_many_values(self) -> None:
        assert rendered("{% link '/a/' tag=names %}", names=["x", "y"]) == "/a/?tag=x&amp;tag=y"

    def test_escapes_what_people_wrote(self) -> None:
        assert rendered("{% link '/a/' q=text %}", text='"><script>&') == "/a/?q=%22%3E%3Cscript%3E%26"

    def test_of_a_tag_follows_that_of_its_repository(self) -> None:
        assert rendered("{% tag_link '/docker.io/library/python/' '3.12' %}") == "/docker.io/library/python:3.12/"


class TestKept:
    def test_all_that_was_asked_for_stays_but_the_form_s_own_field_and_the_place_in_a_list(self) -> None:
        query = {"q": "2.1", "at": AT, "tag": ["x", "y"], "page": "3", "cursor": "c"}
        told = rendered("{% kept 'q' %}", query)
        assert told.count("<input") == 3
        assert f'name="at" value="{AT}"' in told.replace("&#x2B;", "+")
        assert 'name="tag" value="x"' in told
        assert 'name="tag" value="y"' in told

    def test_what_people_wrote_is_only_a_value(self) -> None:
        assert "<script>" not in rendered("{% kept %}", {"q": '"><script>'})


class TestField:
    """What a field of a form says of a moment, in the viewer's zone."""

    def told(self, moment: dt.datetime) -> str:
        return Template("{% load times %}{{ moment|field }}").render(Context({"moment": moment}))

    def test_a_whole_minute_has_no_seconds(self) -> None:
        assert self.told(NOW) == "2026-05-15T14:00"

    def test_is_never_earlier_than_the_moment(self) -> None:
        assert self.told(NOW + dt.timedelta(seconds=30)) == "2026-05-15T14:00:30"
        assert self.told(NOW + dt.timedelta(microseconds=1)) == "2026-05-15T14:00:01"
