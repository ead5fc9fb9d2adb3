"""Who may read what programs read: people who are signed in, and whoever shows the key of an access token."""

from __future__ import annotations

import base64
import binascii
from functools import wraps
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from tags.models import AccessToken

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

CHALLENGE = 'Bearer realm="RegistryViewer", Basic realm="RegistryViewer", charset="UTF-8"'
REFUSED = "Sign in, or send the key of an access token: as a bearer token, or as the password of basic authentication."


def readable_by_token(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Answer whoever may read, and others with 401 instead of a form to sign in, which no program could fill."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not may_read(request):
            return JsonResponse({"detail": REFUSED}, status=401, headers={"WWW-Authenticate": CHALLENGE})
        response = view(request, *args, **kwargs)
        if not settings.PUBLIC_READ:
            patch_cache_control(response, private=True)
            patch_vary_headers(response, ["Authorization", "Cookie"])
        return response

    return login_not_required(answer)


def may_read(request: HttpRequest) -> bool:
    """A key that is shown decides: one that is no good is not made up for by a session."""
    if settings.PUBLIC_READ:
        return True
    if "Authorization" not in request.headers:
        return request.user.is_authenticated
    token = AccessToken.objects.of(_key(request.headers["Authorization"]))
    if token is None:
        return False
    token.note_use(timezone.now().date())
    return True


def _key(header: str) -> str:
    """The key in an Authorization header; empty when there is none to be read."""
    scheme, _blank, credentials = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip()
        case "basic":
            return _password(credentials.strip())
    return ""


def _password(credentials: str) -> str:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]
