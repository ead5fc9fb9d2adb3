"""A language in which every translated text stands between marks.

What a page tells without them was forgotten. Where two marked texts stand side by side, or one beside a fact, a
sentence was put together from pieces, which another language may have to put in another order.
"""

from __future__ import annotations

import gettext
import re
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from django.utils.translation import trans_real

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = re.compile("⟦[^⟦⟧]*⟧")
INLINE = re.compile("⟨[^⟨⟩]*?([.:?!]?)⟩")
WORD = re.compile(r"[^\W\d_]{2,}")
# A text, an element in a sentence, or a fact, and nothing in between that would tell them apart.
SEAM = re.compile(r"[\w⟧]\s*⟦|⟧\s*[\w⟦]|[\w⟧]\s*⟨|⟩\s*[\w⟦?]")
SENTENCE_ENDS = ".:?!"

ATTRIBUTES = ("alt", "aria-label", "data-label", "placeholder", "title")
IN_SENTENCES = ("a", "b", "code", "em", "strong", "time")
NEVER_TOLD = ("script", "style")
VOID = ("br", "col", "hr", "img", "input", "link", "meta", "wbr")


class PseudoLocale(gettext.NullTranslations):
    """Takes the place of a language's catalogue, of which Django asks a context and its text in one."""

    def to_language(self) -> str:
        return "marked"  # and not the other's, by which some words are kept

    def gettext(self, message: str) -> str:
        return f"⟦{message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def in_place_of(language: str) -> Iterator[None]:
    kept = trans_real.translation(language)
    trans_real._translations[language] = PseudoLocale()  # type: ignore[attr-defined]
    try:
        yield
    finally:
        trans_real._translations[language] = kept  # type: ignore[attr-defined]


class Page(HTMLParser):
    """What a page tells, in `lines`: elements that are part of a sentence stand in them between ⟨ and ⟩.

    Left out is what says of itself which language it is in.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._line = ""
        self._open: list[tuple[str, bool]] = []  # elements, and whether what is in them is left out
        self.feed(html)
        self._break()

    def untranslated(self, facts: re.Pattern[str]) -> list[str]:
        """The words between texts, and beside facts."""
        return [word for line in self.lines for word in WORD.findall(facts.sub(" ", _without_texts(line)))]

    def pieced_together(self) -> list[str]:
        """The lines in which a text and something else make a sentence."""
        return [line for line in self.lines if SEAM.search(_outline(line))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        is_left_out = self._is_left_out or tag in NEVER_TOLD or (tag != "html" and "lang" in told)
        if not is_left_out:
            self.lines += [text for name in ATTRIBUTES if (text := told.get(name))]
        self._pass(tag, "⟨")
        if tag not in VOID:
            self._open.append((tag, is_left_out))

    def handle_endtag(self, tag: str) -> None:
        while self._open.pop()[0] != tag:  # what need not be closed
            pass
        self._pass(tag, "⟩")

    def handle_data(self, data: str) -> None:
        if not self._is_left_out:
            self._line += data

    def _pass(self, tag: str, bracket: str) -> None:
        is_in_text = self._line.count("⟦") > self._line.count("⟧")
        if not (tag in IN_SENTENCES or is_in_text):
            self._break()
        elif not self._is_left_out:
            self._line += bracket

    def _break(self) -> None:
        if line := " ".join(self._line.split()):
            self.lines.append(line)
        self._line = ""

    @property
    def _is_left_out(self) -> bool:
        return bool(self._open) and self._open[-1][1]


def _without_texts(line: str) -> str:
    while (shorter := TEXT.sub(" ", line)) != line:
        line = shorter
    return line


def _outline(line: str) -> str:
    """The line with nothing in its texts and elements; what ends as sentences do is followed by that end."""
    depth, outline = 0, ""
    for before, character in zip(" " + line, line, strict=False):
        depth -= character == "⟧"
        if not depth:
            outline += character + (before if character == "⟧" and before in SENTENCE_ENDS else "")
        depth += character == "⟦"
    return INLINE.sub(r"⟨⟩\1", outline)
