from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tags.models import CompareLink

pytestmark = pytest.mark.django_db

SOURCE = "https://git.example.com/"
TEMPLATE = "{source}/compare/{from}...{to}"


def wrong(source: str = SOURCE, template: str = TEMPLATE) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        CompareLink(source=source, template=template).full_clean()
    return caught.value.message_dict


@pytest.mark.parametrize(
    ("source", "template"),
    [
        (SOURCE, TEMPLATE),
        ("http://git.example.com:3000/team", "https://review.example.com/?a={from}&b={to}&of={source}"),
        ("https://git.example.com", "{source}/log/?id={to}&id2={from}"),
    ],
)
def test_a_pattern_that_can_work_is_kept(source: str, template: str) -> None:
    CompareLink(source=source, template=template).full_clean()


@pytest.mark.parametrize(
    "source",
    [
        "git.example.com",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@git.example.com/",
        "https://git.example.com/?a=b",
        'https://git.example.com/"',
        "https://git.example.com:99999999/",
    ],
)
def test_a_source_is_an_address_of_the_web(source: str) -> None:
    assert "is no address of sources" in wrong(source=source)["source"][0]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("javascript:alert('{from}{to}')", "no address can have"),
        ("javascript:{from}{to}", "must begin with"),
        ("/compare/{from}...{to}", "must begin with"),
        ("{source}/compare/{old}...{new}", "{old} is not known"),
        ("{source}/compare/{from}", "Both {from} and {to}"),
        ("{source}/compare", "Both {from} and {to}"),
        ("{source}/compare/{from}...{to}}", "a brace too many"),
        ("{source}/compare/{from} {to}", "no address can have"),
    ],
)
def test_a_template_that_cannot_work_is_refused_in_words(template: str, words: str) -> None:
    assert words in wrong(template=template)["template"][0]


def test_both_mistakes_are_told_at_once() -> None:
    assert set(wrong(source="nowhere", template="nothing")) == {"source", "template"}
