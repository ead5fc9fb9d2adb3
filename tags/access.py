"""Who may read where people have to sign in: they, and programs that show the key of an access token."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from tags.models import AccessToken
from tags.models.accesstoken import PREFIX
from tags.views.exports import is_export

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[..., HttpResponseBase]

CHALLENGE = 'Bearer realm="RegistryViewer", Basic realm="RegistryViewer", charset="UTF-8"'
REFUSED = (
    "Sign in, or send the key of an access token, as a bearer token or as the password of basic authentication: "
    "it opens the API, feeds, badges and exports (?format=csv or ?format=json), and no pages."
)


def for_programs(view: View) -> View:
    """Mark a view whose readers are programs: they are never led to a form to sign in, which they could not fill."""
    view.is_for_programs = True  # type: ignore[attr-defined]
    return view


class AccessMiddleware(LoginRequiredMiddleware):
    """A key opens the views for programs and the exports of pages; nobody becomes a user by it, so no admin either."""

    def process_view(
        self, request: HttpRequest, view_func: View, view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if settings.PUBLIC_READ or not getattr(view_func, "login_required", True):
            return None
        key = _key(request.headers.get("Authorization", ""))
        is_for_programs = getattr(view_func, "is_for_programs", False)
        if key and (is_for_programs or is_export(request)):
            # A key that is no good is not made up for by a session: whoever tries one wants to know.
            return None if _is_good(key) else _refused()
        to_the_form = super().process_view(request, view_func, view_args, view_kwargs)
        if to_the_form and (key or is_for_programs or (is_export(request) and not _reads_pages(request))):
            return _refused()
        return to_the_form

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not settings.PUBLIC_READ:
            patch_cache_control(response, private=True)
            patch_vary_headers(response, ["Authorization", "Cookie"])
        return response


def _is_good(key: str) -> bool:
    token = AccessToken.objects.of(key)
    if token is None:
        return False
    token.note_use(timezone.now().date())
    return True


def _refused() -> JsonResponse:
    return JsonResponse({"detail": REFUSED}, status=401, headers={"WWW-Authenticate": CHALLENGE})


def _reads_pages(request: HttpRequest) -> bool:
    """Whether a person asks, who followed a link to an export and can sign in."""
    return request.get_preferred_type(["application/json", "text/html"]) == "text/html"


def _key(header: str) -> str:
    """The key in an Authorization header; empty where there is none, or what somebody else, such as a proxy, reads."""
    scheme, _blank, credentials = header.partition(" ")
    credentials = credentials.strip()
    shown = {"bearer": credentials, "basic": _password(credentials)}.get(scheme.lower(), "")
    return shown if shown.startswith(PREFIX) else ""


def _password(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]
