"""What a line about a movement leads to, how sure it is, and addresses of the list with a filter less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import mark_safe

from tags.pages import journal

if TYPE_CHECKING:
    from django.template import Context
    from django.utils.safestring import SafeString

    from tags.models import Movement
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
<rect class="fill {kind}" width="100%" height="28" rx="4"/>{weave}\
<rect class="edge {kind}" width="4" height="28" rx="2"/></svg>\
<rect class="focus" x="{x}" y="3" width="{width}" height="30" rx="5"/></a>
"""
WEAVE = '<rect width="100%" height="28" rx="4" fill="url(#pattern-{pattern})" class="weave colour-{colour}"/>'
DOUBT = '<rect class="doubt" x="{x}" y="2" width="{width}" height="32"/>\n'
LABEL = """\
<svg class="label" x="{x}" y="4" width="{width}" height="28" aria-hidden="true"><text x="11" y="19">{label}</text></svg>
"""


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
    return mark_safe(  # noqa: S308 - the label is escaped
        "".join(
            LABEL.format(x=piece.strip.x, width=piece.strip.width, label=escape(piece.label)) for piece in lane.pieces
        )
    )


@register.filter
def may_be_several(move: Movement) -> bool:
    return journal.may_be_several(move)


@register.filter
def comparison(move: Movement) -> str:
    return journal.comparison(move)


@register.filter
def permalink(move: Movement) -> str:
    return journal.permalink(move)
