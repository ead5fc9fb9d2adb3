"""What stands in a row of the board. It has as many as a page can bear, so they are written without a template."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.models import Tag
from tags.pages.standing import nameless
from tags.templatetags.times import TOLD, moving, timed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from tags.pages.boardrows import Cell, Row
    from tags.pages.freshness import Freshness
    from tags.pages.since import Sinces
    from tags.pages.standing import Standing

register = template.Library()


MOST_ON_PAPER = 12  # others of one image
SINCE = f' <span class="since">{TOLD}</span>'
# A cell that says nothing beside its version, as most are.
PLAIN = f'<td class="{{}}" data-label="{{}}"><a class="version" href="{{}}">{{}}</a>{SINCE}</td>'


@register.simple_tag
def head(row: Row, query: str, moment: dt.datetime | None) -> SafeString:
    """The cell of the image: how fresh what is known of it is, unless the page is about a moment, and its drift."""
    repository = row.repository
    words = _html('<a class="image" href="{}/{}">{}</a>', row.address, query, repository.short_name)
    words += _html(' <span class="registry">{}</span>', str(repository.registry))
    if not moment:
        words += _freshness(row.freshness)
    if row.drift:
        words += _html('<p class="drift">{}</p>', row.drift.sentence)
    if row.unknown_before and not row.unknown:
        words += _html('<p class="not-then">{} · {}</p>', _("not known then"), row.unknown_before)
    return SafeString(f'<th scope="row">{words}</th>')


def _freshness(freshness: Freshness) -> str:
    checked = freshness.checked_at
    words = timed(checked, freshness.words) if checked else conditional_escape(freshness.words)
    said = f'<p class="freshness {freshness.state}">{words}</p>'
    told = (freshness.reason, freshness.advice) if freshness.is_warning and freshness.reason else ()
    return said + "".join(_html('<span class="error-text">{}</span>', text) for text in told if text)


@register.simple_tag
def cells(row: Row, query: str, sinces: Sinces) -> SafeString:
    """The cells of a row that have a column."""
    return SafeString("".join([_column(row, cell, query, sinces) for cell in row.cells]))


@register.simple_tag
def others(row: Row, query: str, by_pointer: str, sinces: Sinces) -> SafeString:
    """The cell of the pointers without a column: those that are marked, and how many more there are."""
    marked = "".join(
        _html('<div class="{}"><span class="name">{}</span> ', "changed" if cell.changed else "", cell.name)
        + _where(row, cell, query, sinces)
        + "</div>"
        for cell in row.marked_others
    )
    more = row.unmarked_others
    if more:
        words = ngettext("%(others)s more", "%(others)s more", more) % {"others": more}
        marked += _html('<a class="more" href="{}/{}">{}</a>', row.address, by_pointer, words)
        # No link can be followed on paper.
        named = [f"{cell.name} {cell.version or cell.short_digest}" for cell in row.others if not cell.is_marked]
        marked += _html('<div class="on-paper">{}</div>', ", ".join(named[:MOST_ON_PAPER]))
    cell = _html('<td class="others{}" data-label="{}">', "" if row.others else " none", _("Others"))
    return SafeString(f"{cell}{marked}</td>")


def _html(pattern: str, *texts: str) -> str:
    """As `format_html`, which takes thrice the time to look for what is no plain text."""
    return pattern.format(*map(escape, texts))


def _where(row: Row, cell: Cell, query: str, sinces: Sinces) -> str:
    """Where a pointer stands and since when, with a link to its page, and what there is to say beside it."""
    return "".join(_lines(cell, f"{row.address}:{cell.name}/", query, sinces))


def _column(row: Row, cell: Cell | None, query: str, sinces: Sinces) -> str:
    if cell is None:
        nothing = '<td class="none"><span aria-hidden="true">&ndash;</span><span class="hidden">{}</span></td>'
        return _html(nothing, _("no such tag") if row.repository.was_listed else _("not known"))
    tag, marks = cell.tag, "found" if cell.found else ""
    if tag and cell.version and not (tag.is_missing or tag.disputed_since or tag.leaving_before or cell.change):
        since = sinces.of(tag.after, tag.before)
        return _html(
            PLAIN, marks, cell.name, f"{row.address}:{cell.name}/{query}", cell.version,
            tag.before.isoformat(), since.interval, since.day, since.lasting,
        )  # fmt: skip
    if cell.changed:
        marks += " changed"
    return _html('<td class="{}" data-label="{}">', marks, cell.name) + _where(row, cell, query, sinces) + "</td>"


def _lines(cell: Cell, page: str, query: str, sinces: Sinces) -> Iterator[str]:
    tag = cell.tag
    if tag is None:
        yield _html('<a class="version nameless" href="{}{}">{}</a>', page, query, _("gone"))
    else:
        if tag.is_missing:
            yield _state(_("its image is missing"))
        elif tag.is_coming:
            yield _html('<a class="version nameless" href="{}{}">{}</a>', page, query, _("not known"))
        elif tag.digest is None:
            yield _state(str(Tag.State(tag.state).label))
        if tag.digest and cell.version:
            yield _html('<a class="version" href="{}{}">{}</a>', page, query, cell.version)
        elif tag.digest:
            link = '<a class="version nameless" href="{}{}"><code>{}</code></a>'
            yield _html(link, page, query, cell.short_digest)
            yield _state(nameless(cell.was_called))
        yield from _doubts(cell, tag)
        if tag.digest:
            since = sinces.of(tag.after, tag.before)
            yield _html(SINCE, tag.before.isoformat(), since.interval, since.day, since.lasting)
    if cell.change:
        yield _html(' <span class="change">{}</span>', cell.change)


def _doubts(cell: Cell, tag: Standing) -> Iterator[str]:
    """Why it may be elsewhere."""
    if tag.disputed_since:
        yield _state(_("the registry's servers disagree"))
    if tag.leaving_before:
        yield _state(moving(cell.leaving_to, tag.leaving_after, tag.leaving_before, is_coming=tag.is_coming))


def _state(words: str) -> str:
    return f' <span class="state">{conditional_escape(words)}</span> '
