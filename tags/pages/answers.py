"""Has this version ever been there? In sentences, from the rows of a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.pages import clock

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from tags.pages.matrix import Cell, Column, Row, Watch
    from tags.pages.standing import Standing


def answers(
    rows: Sequence[Row], columns: Sequence[Column], watch: Watch, text: str, as_of: dt.datetime
) -> Iterator[str]:
    """What is there comes first, then what was, then what never was; `rows` are what the question is about."""
    cells = [(row, cell) for row in rows for cell in row.cells.values()]
    for row, cell in cells:
        if cell.now:
            yield _is_there(row, cell, cell.now, as_of)
    past = [(cell.left, number) for number, (_row, cell) in enumerate(cells) if cell.left and not cell.now]
    for left, number in sorted(past, reverse=True):
        yield _was_there(*cells[number], left)
    never = [column.name for column in columns if not any(column.name in row.cells for row in rows)]
    if rows and never:
        yield _never_there(rows[0].name if len(rows) == 1 else text, never, watch)


def _is_there(row: Row, cell: Cell, now: Standing, as_of: dt.datetime) -> str:
    facts = {"version": row.name, "pointer": cell.column.name, "since": clock.full(now.before)}
    if not clock.is_since(now.after, now.before, as_of):
        words = _("%(version)s is in %(pointer)s, since %(since)s or earlier.")
    else:
        words = _("%(version)s is in %(pointer)s since %(since)s.")
    told = words % facts
    if cell.build == "earlier":
        told += " " + _("It is an earlier build: %(version)s was rebuilt, and %(pointer)s has not followed.") % facts
    elif cell.build:
        told += " " + _("The tag %(version)s itself is gone.") % facts
    if not cell.left:
        return told
    before = ngettext(
        "It was there %(times)d time before, until %(left)s.",
        "It was there %(times)d times before, the last time until %(left)s.",
        cell.times,
    )
    return f"{told} {before % {'times': cell.times, 'left': clock.full(cell.left)}}"


def _was_there(row: Row, cell: Cell, left: dt.datetime) -> str:
    came, gone = clock.full_interval(cell.came or cell.first_look, left)
    facts = {"version": row.name, "pointer": cell.column.name, "came": came, "left": gone, "times": cell.times}
    if cell.came is None:
        words = _("%(version)s was in %(pointer)s from %(came)s or earlier to %(left)s.")
    else:
        words = _("%(version)s was in %(pointer)s from %(came)s to %(left)s.")
    if cell.times < 2:
        return words % facts
    return f"{words % facts} {_('That was the last of %(times)d times.') % facts}"


def _never_there(version: str, pointers: Sequence[str], watch: Watch) -> str:
    if watch.since is None:
        return _("Whether %(version)s was ever in %(pointers)s is not known: nobody has looked yet.") % {
            "version": version,
            "pointers": _either(pointers),
        }
    facts = {"version": version, "pointers": _either(pointers), "since": clock.full(watch.since)}
    if watch.is_cut:
        words = _("%(version)s has not been in %(pointers)s since %(since)s; what was before is not kept any longer.")
    elif watch.gaps:
        words = _(
            "%(version)s has never been in %(pointers)s, as far as it was watched: since %(since)s, "
            "and nobody could look for part of the time."
        )
    else:
        words = _("%(version)s has never been in %(pointers)s, as far as it was watched: since %(since)s.")
    return words % facts


def _either(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("%(names)s or %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}
