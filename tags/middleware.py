"""What happens to each request: times in the viewer's own zone, and no secret in what is logged of it."""

from __future__ import annotations

import re
import zoneinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

COOKIE = "tz"
WEBHOOK = re.compile(r"(?P<address>/webhooks/[0-9]+/)(?P<secret>.+?)/?")
SECRET = "regviewer.webhook_secret"  # noqa: S105 (the key under which a request carries it)


class WebhookSecretMiddleware:
    """Takes the secret out of a webhook's address, before anybody can write the address into a log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if found := WEBHOOK.fullmatch(request.path_info):
            request.path = request.path.removesuffix(request.path_info) + found["address"]
            request.path_info = found["address"]
            request.META[SECRET] = found["secret"]
        return self.get_response(request)


class ViewerTimeZoneMiddleware:
    """The zone stands in a cookie, which static/tags/zone.js sets."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(viewer_zone(request.COOKIES.get(COOKIE, ""))):
            response = self.get_response(request)
        patch_vary_headers(response, ["Cookie"])
        return response


def viewer_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of that name; None, which means the configured one, for a name that is no zone's."""
    return zoneinfo.ZoneInfo(name) if name in _zone_names() else None


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # A name is looked up, never opened: it comes from outside, and ZoneInfo would take it for a path.
    return frozenset(zoneinfo.available_timezones())
