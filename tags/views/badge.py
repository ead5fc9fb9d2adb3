"""A tag's state as a small picture, to embed in a wiki, a README or a dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from tags.access import for_programs
from tags.pages.badge import QUIET, Badge, badge
from tags.pages.xmltext import xml_text
from tags.views.asking import BadAddress, as_of, text_of
from tags.views.finding import find, find_tag

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tags.registry import Reference

SECONDS = 60  # that a badge may be kept for


@for_programs
@require_safe
@conditional_page
def badge_of(request: HttpRequest, reference: Reference) -> HttpResponse:
    """Whatever is asked for is answered with a picture: nobody reads the text of an image that did not load."""
    label = xml_text(text_of(request, "label")) or str(reference.tag)
    tag = find_tag(reference)
    if tag is None:
        words = _("no such tag") if find(reference) else _("not watched")
        return _drawn(request, Badge(label, words, QUIET), 404)
    try:
        ask = as_of(request)
    except BadAddress:
        return _drawn(request, Badge(label, _("no such moment"), QUIET), 400)
    return _drawn(request, badge(tag, label, ask.moment, ask.now), 200)


def _drawn(request: HttpRequest, picture: Badge, status: int) -> HttpResponse:
    response = render(request, "tags/badge.svg", {"badge": picture}, content_type="image/svg+xml", status=status)
    patch_cache_control(response, max_age=SECONDS)
    return response
