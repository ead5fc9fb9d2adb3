"""The German of the pages: whole, in step with the sources, and shown to who asks for it."""

from __future__ import annotations

import ast
import datetime as dt
import gettext
import html
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from tags.pages import clock
from tests.factories import DAY, HOUR, MINUTE, NOW, moved
from tests.services import program

if TYPE_CHECKING:
    from django.test import Client

TAGS = Path(__file__).parent.parent / "tags"
MESSAGES = TAGS / "locale" / "de" / "LC_MESSAGES"
APP = "/registry.example.com/shop/app"
PAGES = (
    *("/", "/movements/", "/registries/", "/accounts/login/", "/nothing/here/", "/?at=nonsense"),
    *(f"{APP}/", f"{APP}/?by=pointer", f"{APP}:production/", f"/movements{APP}/", f"{APP}/?at=2020-01-01"),
)
PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]|%[sd]|\{[a-z]+\}|</?[a-z]+>|&lt;[a-z]+&gt;")


@dataclass(frozen=True, slots=True)
class Entry:
    context: str
    text: str
    plural: str
    translations: tuple[str, ...]
    is_fuzzy: bool

    @property
    def key(self) -> tuple[str, str, str]:
        return self.context, self.text, self.plural


def entries(path: Path) -> list[Entry]:
    """All of a .po file but its header."""
    blocks = path.read_text().split("\n\n")
    return [entry for entry in map(read, blocks) if entry.text]


def read(block: str) -> Entry:
    found: dict[str, str] = {}
    keyword = ""
    for line in block.splitlines():
        if line.startswith("#"):
            continue
        name, quoted = re.fullmatch(r'([a-z_]+(?:\[\d\])?)? ?(".*")', line).groups()  # type: ignore[union-attr]
        keyword = name or keyword
        found[keyword] = found.get(keyword, "") + ast.literal_eval(quoted)
    return Entry(
        found.get("msgctxt", ""),
        found.get("msgid", ""),
        found.get("msgid_plural", ""),
        tuple(text for keyword, text in found.items() if keyword.startswith("msgstr")),
        re.search(r"^#,.*fuzzy", block, re.MULTILINE) is not None,
    )


@pytest.fixture(scope="module")
def german() -> list[Entry]:
    return entries(MESSAGES / "django.po")


def test_everything_is_translated(german: list[Entry]) -> None:
    assert [entry.text for entry in german if not all(entry.translations)] == []


def test_nothing_is_a_guess(german: list[Entry]) -> None:
    assert [entry.text for entry in german if entry.is_fuzzy] == []


def test_what_is_counted_has_both_numbers(german: list[Entry]) -> None:
    assert [entry.text for entry in german if len(entry.translations) != (2 if entry.plural else 1)] == []


def test_facts_stand_in_the_translation_as_in_the_text(german: list[Entry]) -> None:
    for entry in german:
        wanted = sorted(PLACEHOLDER.findall(entry.plural or entry.text))
        assert sorted(PLACEHOLDER.findall(entry.translations[-1])) == wanted, entry.text
        for text in entry.translations:  # of one thing the number need not be said
            assert set(PLACEHOLDER.findall(text)) <= set(wanted), entry.text


def test_what_is_read_by_the_program_is_what_was_written(german: list[Entry]) -> None:
    with (MESSAGES / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in german:
        if entry.plural:
            told = tuple(
                compiled.npgettext(entry.context, entry.text, entry.plural, number)
                if entry.context
                else compiled.ngettext(entry.text, entry.plural, number)
                for number in (1, 2)
            )
        elif entry.context:
            told = (compiled.pgettext(entry.context, entry.text),)
        else:
            told = (compiled.gettext(entry.text),)
        assert told == entry.translations, "run `make messages`"


@pytest.mark.real
def test_every_text_of_the_sources_is_there_and_no_other(german: list[Entry], tmp_path: Path) -> None:
    program("xgettext")
    copy = tmp_path / "tags"
    shutil.copytree(TAGS, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "de", "--no-obsolete"]
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=copy, check=True, capture_output=True, env=environment)
    there = entries(copy / MESSAGES.relative_to(TAGS) / "django.po")
    assert sorted(entry.key for entry in there) == sorted(entry.key for entry in german), "run `make messages`"


# --- The pages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def past(db: None) -> None:
    moved(at=timezone.now() - MINUTE)


def shown(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)  # type: ignore[arg-type]
    return html.unescape(answer.content.decode())


@pytest.mark.usefixtures("past")
def test_a_browser_that_prefers_german_gets_german(client: Client) -> None:
    page = shown(client, "/", **{"accept-language": "de-AT,de;q=0.9,en;q=0.1"})
    assert '<html lang="de"' in page
    assert "Übersicht" in page
    assert "Which version" not in page


@pytest.mark.usefixtures("past")
def test_who_chose_german_gets_it_whatever_the_browser_prefers(client: Client) -> None:
    client.post(reverse("set_language"), {"language": "de", "next": "/"})
    assert '<html lang="de"' in shown(client, "/", **{"accept-language": "en"})


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("address", PAGES)
def test_no_english_sentence_is_left_on_a_german_page(client: Client, german: list[Entry], address: str) -> None:
    page = shown(client, address, **{"accept-language": "de"})
    sentences = [entry.text for entry in german if entry.text.count(" ") >= 2 and not PLACEHOLDER.search(entry.text)]
    assert [text for text in sentences if text in page] == []


def test_dates_are_written_as_germans_write_them() -> None:
    day = dt.datetime(2026, 5, 8, 12, 2, tzinfo=dt.UTC)
    with translation.override("de"), timezone.override("Europe/Berlin"):
        assert clock.point(day, NOW) == "Fr, 8. Mai 14:02"
        assert clock.heading(day.date(), NOW) == "Freitag, 8. Mai 2026"
        assert clock.full(day) == "8. Mai 2026, 14:02"
        assert clock.between(NOW - HOUR, NOW, NOW) == "heute zwischen 13:00 und 14:00"


def test_days_are_bent_where_german_bends_them() -> None:
    with translation.override("de"):
        assert clock.duration(3 * DAY) == "3 Tage"
        assert clock.relative(NOW - 3 * DAY, NOW) == "vor 3 Tagen"
        assert clock.relative(NOW + 3 * DAY, NOW) == "in 3 Tagen"
        assert clock.relative(NOW - 400 * DAY, NOW) == "vor 13 Monaten"


def test_every_language_that_can_be_chosen_is_there(german: list[Entry]) -> None:
    there = {path.name for path in (TAGS / "locale").iterdir()}
    assert {code for code, _name in settings.LANGUAGES} - {"en"} == there
