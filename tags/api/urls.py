"""The addresses of the API; whatever is below /api/ is answered to programs, in JSON."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from django.http import Http404, JsonResponse
from django.urls import include, path, re_path
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from tags.access import for_programs
from tags.api import api, unknown_address
from tags.api.docs import docs

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

READS = ("GET", "HEAD")


def as_api(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Only reading, in one language and the installation's time zone, whatever the cookies of a browser say."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method not in READS:
            told = {"detail": "This API only reads: ask with GET."}
            return JsonResponse(told, status=405, headers={"Allow": ", ".join(READS)})
        asked, request.method = request.method, "GET"  # the server leaves away the body of what answers HEAD
        try:
            with translation.override("en"), timezone.override(None):
                return view(request, *args, **kwargs)
        except Http404 as error:
            return unknown_address(request, error)
        finally:
            request.method = asked

    return csrf_exempt(for_programs(answer))


def _nothing(request: HttpRequest) -> HttpResponseBase:
    return unknown_address(request, Http404())


routes, app, namespace = api.urls
for route in routes:
    if route.callback is not None:
        route.callback = as_api(route.callback)

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="api_docs")),
    path("docs", docs, name="api_docs"),
    path("v1/", include((routes, app), namespace)),
    re_path("", as_api(_nothing)),
]
