"""Times on a page: always `<time datetime>`, relative and absolute, told from the page's own `now`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tags.moments import stamp
from tags.pages import clock
from tags.pages.since import Sinces
from tags.pages.standing import under_way

if TYPE_CHECKING:
    from django.template import Context

    from tags.pages.since import Since
    from tags.pages.standing import Standing

register = template.Library()


# Every time on a page: hovering over it tells day, second and zone. It may stand there a thousand times.
TIME = '<time datetime="{}" title="{}">{}</time>'
TOLD = TIME.format("{}", "{}", '{} <span class="apart">({})</span>')


@register.simple_tag
def timed(moment: dt.datetime, words: str, title: str = "") -> SafeString:
    """The words, of which the moment is what they mean."""
    return format_html(TIME, moment.isoformat(), title or clock.exact(moment), words)


@register.simple_tag(takes_context=True)
def ago(context: Context, moment: dt.datetime) -> SafeString:
    """Says "Fri 9 May 14:02 (2 min ago)"."""
    return _told(moment, context["now"], None)


@register.simple_tag(takes_context=True)
def age(context: Context, moment: dt.datetime) -> SafeString:
    """As `ago`; on a page about the past "Fri 9 May 14:02 (2 min earlier)", than the moment that it is about."""
    return _told(moment, context["now"], context["moment"])


def _told(moment: dt.datetime, now: dt.datetime, then: dt.datetime | None) -> SafeString:
    words, apart = clock.point(moment, now), clock.age(moment, then, now)
    return format_html(TOLD, moment.isoformat(), clock.exact(moment), words, apart)


@register.simple_tag(takes_context=True)
def relative(context: Context, moment: dt.datetime) -> str:
    """Says "2 min ago"."""
    return clock.relative(moment, context["now"])


@register.simple_tag(takes_context=True)
def since(context: Context, after: dt.datetime | None, before: dt.datetime) -> SafeString:
    """Says "Fri 9 May 14:02 (6 days)", up to the moment the page is about; the interval is in the title."""
    sinces = Sinces(context["now"], context["as_of"])
    return _since(sinces.told(after, before), sinces.of(after, before), before)


@register.simple_tag(takes_context=True)
def since_day(context: Context, after: dt.datetime | None, before: dt.datetime) -> SafeString:
    """Says "Fri 9 May (6 days)", where there is little room; the rest is in the title."""
    told = Sinces(context["now"], context["as_of"]).of(after, before)
    return _since(told.day, told, before)


def _since(words: str, told: Since, before: dt.datetime) -> SafeString:
    return format_html(TOLD, before.isoformat(), told.interval, words, told.lasting)


@register.simple_tag(takes_context=True)
def day_of(context: Context, moment: dt.datetime) -> SafeString:
    """Says "Fri 9 May", where there is little room; the time of day is in the title."""
    return timed(moment, clock.day(moment, context["now"]))


@register.simple_tag
def between(after: dt.datetime | None, before: dt.datetime, now: dt.datetime | None = None) -> SafeString:
    """Says "between 14:02 and 14:07", where the day stands above; with `now` it says the day, too."""
    title = clock.exactly_between(after, before) if after else ""
    return timed(before, clock.between(after, before, now), title)


@register.simple_tag
def moving(to: str | None, after: dt.datetime | None, before: dt.datetime, *, is_coming: bool = False) -> SafeString:
    """Says "moving to 2.1 between 14:02 and 14:07", where the day stands above."""
    return format_html(under_way(to, is_coming=is_coming), version=to, when=between(after, before))


@register.simple_tag(takes_context=True)
def standing_since(context: Context, tag: Standing, to: str | None) -> SafeString:
    """Since when a tag stands where it does, and the move that was under way; `to` is what its next image is called."""
    told = SafeString() if tag.is_coming else since(context, tag.after, tag.before)
    if tag.leaving_before is None:
        return told
    words = moving(to, tag.leaving_after, tag.leaving_before, is_coming=tag.is_coming)
    return told + format_html('<span class="state">{}</span>', words)


@register.filter
def full(moment: dt.datetime) -> str:
    """Says "3 May 2026 14:00"."""
    return clock.full(moment)


@register.filter
def asked(moment: dt.datetime) -> str:
    """Says "3 May 2026 14:00", and "3 May 2026 14:00:05" of a moment that has seconds."""
    return clock.asked(moment)


@register.filter
def field(moment: dt.datetime) -> str:
    """The value of a datetime-local field, in the viewer's zone."""
    return clock.field(moment)


@register.inclusion_tag("tags/_exactly.html")
def exactly(name: str, moment: dt.datetime | None) -> dict[str, object]:
    """What goes before a datetime-local field that shows this moment: it keeps what the field cannot hold."""
    return {"name": name, "moment": moment and stamp(moment)}


@register.simple_tag(takes_context=True)
def zone(context: Context) -> str:
    """Says "Europe/Berlin (UTC+2)", as it is at the moment the page is about."""
    return clock.zone(context.get("as_of") or timezone.now())


@register.simple_tag
def zone_name() -> str:
    return clock.zone_name()
