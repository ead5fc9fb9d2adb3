"""Times on a page: always `<time datetime>`, relative and absolute, told from the page's own `now`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from tags.pages import clock

if TYPE_CHECKING:
    from django.template import Context
    from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: dt.datetime) -> SafeString:
    """Says "Fri 9 May 14:02 (2 min ago)"."""
    now = context["now"]
    return format_html(
        '<time datetime="{}">{} <span class="apart">({})</span></time>',
        moment.isoformat(), clock.point(moment, now), clock.relative(moment, now),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def relative(context: Context, moment: dt.datetime) -> str:
    """Says "2 min ago"."""
    return clock.relative(moment, context["now"])


@register.simple_tag(takes_context=True)
def since(context: Context, after: dt.datetime | None, before: dt.datetime) -> SafeString:
    """Says "Fri 9 May 14:02 (6 days)", up to the moment the page is about; the interval is in the title."""
    now, as_of = context["now"], context["as_of"]
    words = clock.point(before, now)
    if after is None:
        words = _("%s or earlier") % words
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="apart">({})</span></time>',
        before.isoformat(), _interval(after, before, now), words, _lasting(after, before, as_of),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def since_day(context: Context, after: dt.datetime | None, before: dt.datetime) -> SafeString:
    """Says "Fri 9 May (6 days)", where there is little room; the rest is in the title."""
    now, as_of = context["now"], context["as_of"]
    return format_html(
        '<time datetime="{}" title="{}">{} <span class="apart">({})</span></time>',
        before.isoformat(), _interval(after, before, now), clock.day(before, now), _lasting(after, before, as_of),
    )  # fmt: skip


@register.simple_tag(takes_context=True)
def day_of(context: Context, moment: dt.datetime) -> SafeString:
    """Says "Fri 9 May", where there is little room; the time of day is in the title."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(), clock.full(moment), clock.day(moment, context["now"]),
    )  # fmt: skip


def _interval(after: dt.datetime | None, before: dt.datetime, now: dt.datetime) -> str:
    if after is None:
        return _("it was so at the first look, %s") % clock.point(before, now)
    return clock.between(after, before, now)


def _lasting(after: dt.datetime | None, before: dt.datetime, as_of: dt.datetime) -> str:
    lasting = clock.duration(as_of - before)
    return lasting if after else _("at least %s") % lasting


@register.simple_tag
def between(after: dt.datetime | None, before: dt.datetime) -> SafeString:
    """Says "between 14:02 and 14:07", where the day stands above."""
    return format_html('<time datetime="{}">{}</time>', before.isoformat(), clock.between(after, before))


@register.filter
def full(moment: dt.datetime) -> str:
    """Says "3 May 2026 14:00"."""
    return clock.full(moment)


@register.filter
def field(moment: dt.datetime) -> str:
    """The value of a datetime-local field, in the viewer's zone."""
    return f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}"


@register.simple_tag
def zone() -> str:
    return clock.zone()


@register.simple_tag
def zone_name() -> str:
    return clock.zone_name()
