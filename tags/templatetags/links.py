"""Addresses that keep to the moment a page is about: whoever looks at the past goes on looking at it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import template

if TYPE_CHECKING:
    from django.template import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def link(context: Context, address: str, **query: object) -> str:
    """The address with this query, and `at` as the page was asked for it; what is None or empty is left out."""
    request = context.get("request")
    at = request.GET.get("at") if request and context.get("moment") else None
    asked = {name: value for name, value in {**query, "at": at}.items() if value not in (None, "")}
    return f"{address}?{urlencode(asked, doseq=True)}" if asked else address


@register.simple_tag(takes_context=True)
def tag_link(context: Context, repository_address: str, tag: str) -> str:
    """The page of a tag, from that of its repository and its name."""
    return link(context, f"{repository_address.rstrip('/')}:{tag}/")


@register.inclusion_tag("tags/_kept.html", takes_context=True)
def kept(context: Context, *but: str) -> dict[str, object]:
    """Hidden fields with all that the address asks for, `but` what the form itself asks, and where a list goes on."""
    left_out = {*but, "page", "cursor"}
    asked = context["request"].GET.lists()
    return {"kept": [(name, value) for name, values in asked if name not in left_out for value in values]}
