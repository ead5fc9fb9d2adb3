"""What a line about a movement leads to, how sure it is, and addresses of the list with a filter less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tags.pages import journal

if TYPE_CHECKING:
    from django.template import Context
    from django_stubs_ext import WithAnnotations

    from tags.models import Movement
    from tags.models.movement import Seen
    from tags.pages.lanes import DrawnLane

register = template.Library()


@register.simple_tag(takes_context=True)
def without(context: Context, name: str, value: str) -> str:
    """The page with one filter less: all that was asked for but this value of this field."""
    query = context["request"].GET.copy()
    query.setlist(name, [other for other in query.getlist(name) if other not in ("", value)])
    for place in ("cursor", "move"):
        query.pop(place, None)
    return f"?{query.urlencode()}"


# The bars of a page are written here and not in its template, which takes five times as long for each of a thousand.
BAR = """\
<a class="bar" href="{url}" aria-label="{name}"><title>{name}</title>\
<svg x="{x}" y="4" width="{width}" height="28" aria-hidden="true">\
<rect class="fill {kind}" width="100%" height="28" rx="4"/>{weave}</svg>\
<rect class="focus" x="{x}" y="3" width="{width}" height="30" rx="5"/></a>
"""
WEAVE = """\
<rect width="100%" height="28" rx="4" fill="url(#pattern-{pattern})" class="weave colour-{colour}"/>\
<rect class="edge colour-{colour}" width="4" height="28" rx="2"/>"""
DOUBT = '<rect class="doubt" x="{x}" y="2" width="{width}" height="32"/>\n'
LABEL = """\
<svg class="{kind}" x="{x}" y="4" width="{width}" height="28" aria-hidden="true">{text}</svg>
"""
VERSION = '<text x="11" y="19">{label}</text>'
COUNT = '<text class="count" x="50%" y="19">{count}</text>'
COUNT_AND_VERSION = '<text class="count" x="50%" y="19">{count}<tspan class="then"> → {label}</tspan></text>'


@register.simple_tag
def bars(lane: DrawnLane) -> SafeString:
    """The links of a lane, each a bar with its colour and pattern, and the time in which it may have begun."""
    found: list[str] = []
    for piece in lane.pieces:
        is_one = piece.look is not None
        found.append(
            BAR.format(
                url=escape(piece.url),
                name=escape(piece.name),
                x=piece.strip.x,
                width=piece.strip.width,
                kind=f"colour-{piece.colour}" if is_one else "several",
                weave=WEAVE.format(pattern=piece.pattern, colour=piece.colour) if is_one else "",
            )
        )
        found += [DOUBT.format(x=doubt.x, width=doubt.width) for doubt in piece.doubts]
    return mark_safe("".join(found))  # noqa: S308 - what comes from outside was escaped


@register.simple_tag
def labels(lane: DrawnLane) -> SafeString:
    """What is written on the bars, above all hatching."""
    found: list[str] = []
    for piece in lane.pieces:
        of_several = COUNT_AND_VERSION if piece.caption else COUNT
        words = VERSION if piece.look is not None else of_several
        found.append(
            LABEL.format(
                kind="label" if piece.has_room else "label tight",
                x=piece.strip.x,
                width=piece.strip.width,
                text=words.format(label=escape(piece.caption), count=piece.count),
            )
        )
    return mark_safe("".join(found))  # noqa: S308 - the label is escaped


@register.simple_tag(takes_context=True)
def still(context: Context, move: Movement) -> SafeString:
    """Whether the tag still is where the move left it, or was at the moment of the page."""
    current, moment = context["current"], context["moment"]
    if move.pk not in current:
        return SafeString()
    if silence := current[move.pk]:
        return format_html('<span class="flag">{}</span>', silence.doubt(context["now"], is_past=bool(moment)))
    return format_html('<span class="flag current">{}</span>', _("current then") if moment else _("still current"))


@register.filter
def may_be_several(move: Movement) -> bool:
    return journal.may_be_several(move)


@register.filter
def comparison(move: WithAnnotations[Movement, Seen]) -> str:
    return journal.comparison(move)


@register.filter
def permalink(move: Movement) -> str:
    return journal.permalink(move)
