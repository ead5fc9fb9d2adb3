"""Cells of "What is where". A page has hundreds of rows, so they are written without templates of their own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from tags.pages import clock
from tags.templatetags.links import link
from tags.templatetags.names import content, nameless
from tags.templatetags.times import moving, timed

if TYPE_CHECKING:
    import datetime as dt

    from django.template import Context

    from tags.models import Image
    from tags.pages.whatiswhere import Row, TagRow

register = template.Library()

NOTHING = '<span aria-hidden="true">\N{EN DASH}</span><span class="hidden">{}</span>'
CELL = '<td class="{}"{} data-label="{}">{}</td>'
DIGEST = (
    '<span class="digest"><a href="/{}/{}"><code title="{}">{}</code></a>'
    '<button type="button" class="copy" data-copy="{}" hidden aria-label="{}"></button></span>'
)
TIMES = 4096  # that stay written: a page tells those of its images again and again


@register.simple_tag(takes_context=True)
def version(context: Context, row: Row) -> SafeString:
    """What an image is called, and what there is to say of it."""
    html = version_name(context, row) + remarks(context, row)
    for name, to, after, before in row.departures:
        html += format_html('<span class="state">{}: {}</span>', name, moving(to, after, before))
    for name in row.disputed:
        words = _("%(name)s: the registry's servers disagree") % {"name": name}
        html += format_html('<span class="state">{}</span>', words)
    for name in row.missing:
        html += format_html('<span class="state">{}</span>', _("%(name)s: its image is missing") % {"name": name})
    return html


@register.simple_tag(takes_context=True)
def version_name(context: Context, row: Row | TagRow) -> SafeString:
    if row.group and row.group.version:
        tags, query = str(context["address"]).rstrip("/"), link(context, "")
        html, equals = SafeString(), SafeString()
        for name in row.group.shown:
            html += equals + format_html('<a class="version" href="{}:{}/{}">{}</a>', tags, name, query, name)
            equals = SafeString(" = ")
        return html
    return format_html('<span class="nameless">{}</span>', nameless(row.was))


@register.simple_tag(takes_context=True)
def remarks(context: Context, row: Row | TagRow) -> SafeString:
    """When the sweep looked at it, and the label that made it match."""
    html = SafeString()
    if row.swept_at:
        last = clock.relative(row.swept_at, context["now"])
        words = _("checked %(last)s, with the daily look") % {"last": last}
        html += format_html('<div class="muted">{}</div>', words)
    if row.label:
        html += format_html('<div class="muted label">{}</div>', _("label %(label)s") % {"label": row.label})
    return html


@register.simple_tag(takes_context=True)
def other_names(context: Context, row: Row) -> SafeString:
    if not row.also_known_as:
        return format_html(NOTHING, _("no other name"))
    address = str(context["address"])
    tags, query = address.rstrip("/"), link(context, "")
    html, comma = SafeString(), SafeString()
    for name in row.also_known_as:
        html += comma + format_html('<a href="{}:{}/{}">{}</a>', tags, name, query, name)
        comma = SafeString(", ")
    if row.other_names:
        every = link(context, address, by="tag", q=row.digest)
        more = ngettext("and %(more)s more", "and %(more)s more", row.other_names) % {"more": row.other_names}
        html += format_html(' <a href="{}">{}</a>', every, more)
    return html


@register.simple_tag(takes_context=True)
def image(context: Context, row: Row | TagRow, rows: int = 1) -> SafeString:
    """The cells that tell when an image was built, its size and platforms, and its digest; over so many rows."""
    span = format_html(' rowspan="{}"', rows) if rows > 1 else ""
    html = SafeString()
    for name, label, told in _facts(row.image):
        html += format_html(CELL, name, span, label, told)
    return html + format_html(CELL, "content", span, _("Content"), digest(context, row.digest) if row.digest else "")


@register.simple_tag(takes_context=True)
def digest(context: Context, digest: str) -> SafeString:
    """The characters of a digest that people compare, with a link to its page and a button to copy all of it."""
    short = content(digest)
    label = _("Copy digest %(digest)s") % {"digest": short}
    return format_html(DIGEST, digest, link(context, ""), digest, short, digest, label)


def _facts(image: Image | None) -> tuple[tuple[str, str, SafeString | str], ...]:
    unknown = format_html(NOTHING, _("not known"))
    language = get_language()
    built = size = platforms = unknown
    if image and image.created:
        built = _built(timezone.localtime(image.created), language)
    if image and image.size is not None:
        size = _size(image.size, language)
    if image and image.platforms:
        platforms = format_html("{}", ", ".join(image.platforms))
    return ("built", _("Built"), built), ("size", _("Size"), size), ("platforms", _("Platforms"), platforms)


@lru_cache(maxsize=TIMES)
def _built(local: dt.datetime, _language: str | None) -> SafeString:
    return timed(local, date_format(local, pgettext("format of a date", "j M Y")))


@lru_cache(maxsize=TIMES)
def _size(size: int, _language: str | None) -> SafeString:
    return format_html("{}", filesizeformat(size))
