"""The German of the pages: whole, in step with the sources, and shown to who asks for it."""

from __future__ import annotations

import ast
import datetime as dt
import gettext
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from tags.models import Coverage, Image, Registry
from tags.pages import clock
from tags.polling import BrokenOff
from tags.registry import RegistryError, TimedOut
from tests.factories import DAY, HOUR, MINUTE, NOW, SECOND, look, moved, watch
from tests.listings import digest
from tests.pseudolocale import Page, in_place_of
from tests.services import program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.test import Client

TAGS = Path(__file__).parent.parent / "tags"
MESSAGES = TAGS / "locale" / "de" / "LC_MESSAGES"
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


def test_whatever_keeps_a_repository_from_being_watched_is_told_in_german(german: list[Entry]) -> None:
    translated = {entry.text for entry in german}
    assert {error.reason for error in [BrokenOff, *kinds_of(RegistryError)]} <= translated
    assert {Coverage.NOBODY_LOOKED, Coverage.PAUSED} <= translated


def kinds_of(error: type[RegistryError]) -> list[type[RegistryError]]:
    return [error, *(kind for below in error.__subclasses__() for kind in kinds_of(below))]


# --- The pages -------------------------------------------------------------------------------------------------------

APP, PYTHON, NOWHERE = "/registry.example.com/shop/app", "/docker.io/library/python", "/docker.io/library/pyton"
THEN, BEFORE = "at=2026-05-15T13:58", "at=2020-01-01"  # while production moved in past(), and when nobody watched
PRODUCTION, ROLLBACK = f"a={APP[1:]}:production", f"b={APP[1:]}:rollback"
PAGES = {
    "board": ("/", "/?q=app", "/?q=prodction", "/?columns=stable", f"/?{THEN}", f"/?{BEFORE}"),
    "board, compared": tuple(
        f"/?than=2026-05-15T{than}" for than in ("13:54", "13:54&changed=1", "14:00:02&changed=1")
    ),
    "board, compared with what is not known": ("/?than=2020-01-01", "/?at=2026-05-15T13:54&than=2026-05-15T14:00:02"),
    "registries": ("/registries/", f"/registries/?{THEN}", f"/registries/?{BEFORE}"),
    "repository": (f"{APP}/", f"{APP}/?q=2.0", f"{APP}/?q=prodction", f"{APP}/?{THEN}", f"{APP}/?{BEFORE}"),
    "repository, by pointer": (f"{APP}/?by=pointer", f"{APP}/?by=pointer&q=zz", f"{APP}/?by=pointer&{THEN}"),
    "repository, all tags": (f"{APP}/?by=tag", f"{APP}/?by=tag&q=2.0", f"{APP}/?by=tag&{THEN}"),
    "repository in trouble": tuple(f"{PYTHON}/?by={by}" for by in ("version", "pointer", "tag")),
    "movements": ("/movements/", "/movements/?q=zz", "/movements/?kind=forward&span=day", f"/movements/?{THEN}"),
    "movements of one": (f"/movements{APP}/", f"/movements{PYTHON}/?span=all", f"/movements{APP}/?{BEFORE}"),
    "tag": (f"{APP}:production/", f"{APP}:2.0/", f"{PYTHON}:nightly/", f"{PYTHON}:broken/", f"{PYTHON}:former/"),
    "tag, then": (f"{APP}:production/?{THEN}", f"{APP}:2.0/?{BEFORE}"),
    "matrix": (f"/matrix{APP}/", f"/matrix{PYTHON}/?rows=all", f"/matrix{APP}/?{THEN}", f"/matrix{APP}/?{BEFORE}"),
    "matrix, asked": tuple(f"/matrix{APP}/?q={text}" for text in ("2.0", "1.3", "1.0&rows=all", "2,1", "zz")),
    "image": (f"/{digest('2.0')}/", f"/{digest('p1')}/", f"/{digest('1.3')}/?{THEN}", f"/{digest('1.3')}/?{BEFORE}"),
    "no such image": (f"/{digest('2.0')[:8]}/", "/sha256:abcdefabcdef/"),
    "compare": ("/compare/", f"/compare/?{PRODUCTION}", f"/compare/?{PRODUCTION}&{ROLLBACK}&all=1"),
    "compare, then": tuple(f"/compare/?{PRODUCTION}&{ROLLBACK}&all=1&{then}" for then in (THEN, BEFORE)),
    "compare moments": tuple(f"/compare/?{PRODUCTION}&b={APP[1:]}:production@{at}" for at in ("2026-05-15T13:54", "x")),
    "compare nothing": (f"/compare/?{PRODUCTION}&b={APP[1:]}:rollbak", f"/compare/?{PRODUCTION}&b=x:y"),
    "search": tuple(f"/search/?q={text}" for text in ("", "prod", "2.", "prodction", "zzzz", digest("2.0")[:15])),
    "nothing there": (f"{NOWHERE}/", f"{APP}:stable/", "/Nothing//here/"),
    "what cannot be read": (f"/?{THEN}x", "/?at=9999-01-01", "/?format=xls", "/movements/?cursor=x"),
    "the rest": ("/accounts/login/?next=/", "/api/docs"),
}
FACTS = re.compile(
    r"https?://\S+|<a href.*</a>|manage\.py \w+|/api/v1\S*|\bsha\d*(:[0-9a-f]*)?|\b[0-9a-f]{7}\b"
    r"|(docker\.io|registry\.example\.com|quay\.example\.com)\b"
    r"|\b(library|python|pyton|shop/app(:[a-z]+)?|gateway timeout|maintainer|Team A)\b"
    r"|\b(latest|perftesting|production|qatesting|rollback|nightly|broken|former)\b"
    r"|\b(RegistryViewer|Europe/Berlin|UTC|CSV|JSON|Atom|linux/amd64|application/\S+|org\.[a-z.]+)\b"
)


@pytest.fixture
def past(db: None) -> Iterator[None]:
    """One repository all is well with, and one in which whatever can be told of has happened."""
    python = watch("docker.io/library/python")
    tags = {"3.13.0": "p0", "3.14.0": "p1", "latest": "p1", "production": "p0", "nightly": "n1", "former": "p0"}
    look(python, tags, NOW - 4 * HOUR)
    look(python, {**tags, "nightly": "n2", "3.14.0": "p2", "latest": "p0", "production": "p2"}, NOW - 3 * HOUR)
    look(python, {}, NOW - 2 * HOUR, error=TimedOut("gateway timeout"))
    del tags["former"]
    look(python, {**tags, "broken": None}, NOW - HOUR)
    look(python, {}, NOW - MINUTE, error=TimedOut("gateway timeout"))
    moved()
    labels = {"maintainer": "Team A", "org.opencontainers.image.revision": "0a1b2c3d4e5f"}
    Image.objects.update(
        size=1200, platforms=["linux/amd64"], labels=labels, created=NOW - DAY, described_at=NOW, describe_at=None
    )
    Registry.objects.create(
        address="quay.example.com", throttled_until=NOW + HOUR, discovery_error="x",
        quota_limit=9, quota_remaining=3, quota_window=60, quota_seen_at=NOW,
    )  # fmt: skip
    with time_machine.travel(NOW + 5 * SECOND, tick=False):
        yield


def pages(client: Client, addresses: Iterable[str]) -> Iterator[tuple[str, Page]]:
    """Each of them as it looks where everything that is translated is marked."""
    with in_place_of("de"):
        for address in addresses:
            answer = client.get(address, headers={"accept-language": "de"})
            assert answer["Content-Type"].startswith("text/html"), address
            yield address, Page(answer.content.decode())


@pytest.mark.usefixtures("past")
@pytest.mark.parametrize("name", PAGES)
def test_whatever_a_page_tells_is_translated_in_whole_sentences(client: Client, name: str) -> None:
    for address, page in pages(client, PAGES[name]):
        assert page.untranslated(FACTS) == [], address
        assert page.pieced_together() == [], address


@pytest.mark.parametrize("is_staff", [False, True])
def test_the_first_steps_are_translated_too(admin_client: Client, client: Client, *, is_staff: bool) -> None:
    addresses = ("/", "/movements/", "/registries/", "/search/", f"{NOWHERE}/")
    for address, page in pages(admin_client if is_staff else client, addresses):
        assert page.untranslated(FACTS) == page.pieced_together() == [], address


@pytest.mark.parametrize("template", ["403.html", "403_csrf.html", "500.html"])
def test_errors_are_told_in_translated_words(template: str) -> None:
    with in_place_of("de"), translation.override("de"):
        page = Page(render_to_string(template))
    assert page.lines != []
    assert page.untranslated(FACTS) == page.pieced_together() == []


def test_a_text_that_was_forgotten_is_found() -> None:
    page = Page("<p>⟦All ⟦two⟧ <b>images</b>⟧ of latest <a title='Open it'>⟦here⟧</a></p><p lang='en'>English</p>")
    assert page.untranslated(FACTS) == ["Open", "it", "of"]


@pytest.mark.parametrize(
    "sentence",
    [
        "⟦Times in⟧ UTC",
        "2.0 ⟦is gone⟧",
        "⟦is on⟧ <b>2.0</b>",
        "<code>app</code> ⟦is gone⟧",
        "⟦moving⟧ <time>⟦now⟧</time>",
    ],
)
def test_a_sentence_in_pieces_is_found(sentence: str) -> None:
    assert len(Page(f"<p>{sentence}</p>").pieced_together()) == 1


@pytest.mark.parametrize(
    "sentence",
    ["⟦It is gone.⟧ ⟦Why?⟧", "⟦Save it:⟧ <a>CSV</a> <a>JSON</a>", "⟦Movements⟧ · app", "⟦is on <b>2.0</b> ⟦now⟧⟧"],
)
def test_what_only_stands_together_is_no_sentence(sentence: str) -> None:
    assert Page(f"<p>{sentence}</p>").pieced_together() == []


def test_a_browser_that_prefers_german_gets_german(client: Client, db: None) -> None:
    page = client.get("/", headers={"accept-language": "de-AT,de;q=0.9,en;q=0.1"}).text
    assert '<html lang="de"' in page
    assert "Übersicht" in page


def test_who_chose_german_gets_it_whatever_the_browser_prefers(client: Client, db: None) -> None:
    client.post(reverse("set_language"), {"language": "de", "next": "/"})
    assert '<html lang="de"' in client.get("/", headers={"accept-language": "en"}).text


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
