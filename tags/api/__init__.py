"""The read API: what the pages show, for programs. Its names and shapes stay as they are."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError

from tags.access import REFUSED
from tags.api import coverage, images, movements, registries, repositories, tags
from tags.api.examples import example_of

ABOUT = """\
Which version is each deployment tag on, when did it move, and was anybody looking?

All times are RFC 3339 in UTC. Times to ask for may be in any zone: `2026-05-03T14:00+02:00`; one without a zone is in
that of this installation, and a date alone is its midnight. Lists answer `items` and `next`: give `next` as `cursor` to
go on, until it is null; whatever is added meanwhile, nothing is passed over or told twice.

Errors are `{"detail": "…"}`, a sentence. Sentences are in English.
"""
KEY = "The key of an access token, which an administrator makes in the admin."
WAYS_IN = {
    "key": {"type": "http", "scheme": "bearer", "description": KEY},
    "password": {"type": "http", "scheme": "basic", "description": f"{KEY} It is the password; any user name will do."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "Whoever is signed in.",
    },
}
# What a text should have been that is none of its kind, in words instead of a pattern.
NOT_THIS = {
    "cursor": "this is no place in the list; begin it again without a cursor",
    "tag": "no tag can have this name",
    "digest": "write it in full, as sha256: and 64 hexadecimal digits",
}


WRONG = {
    401: REFUSED,
    404: "docker.io/library/python is not watched.",
    422: "limit: Input should be less than or equal to 1000.",
}


class ReadAPI(NinjaAPI):
    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """With the ways to sign in, and an example of each answer."""
        schema = super().get_openapi_schema(**kwargs)
        components = schema["components"]
        for path in schema["paths"].values():
            for status, answer in path["get"]["responses"].items():
                content = answer["content"]["application/json"]
                wrong = WRONG.get(status)
                content["example"] = (
                    {"detail": wrong} if wrong else example_of(content["schema"], components["schemas"])
                )
        components["securitySchemes"] = WAYS_IN
        schema["security"] = [*([{}] if settings.PUBLIC_READ else []), *({name: []} for name in WAYS_IN)]
        return schema


api = ReadAPI(
    title="RegistryViewer", version="1", description=ABOUT, docs_url=None, urls_namespace="api", servers=[{"url": "/"}]
)
for resource in (registries, repositories, tags, movements, images, coverage):
    api.add_router("", resource.router)


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The first of the things that are wrong, as a sentence."""
    first = error.errors[0]
    name, said = first["loc"][-1], first["msg"].removeprefix("Value error, ")
    if first["type"] == "string_pattern_mismatch":
        said = NOT_THIS.get(name, "it holds a character that no name has")
    return JsonResponse({"detail": f"{name}: {said.rstrip('.')}."}, status=422)


@api.exception_handler(Http404)
def unknown_address(request: HttpRequest, _error: Http404) -> HttpResponse:
    return JsonResponse({"detail": "There is nothing at this address: /api/docs tells what there is."}, status=404)
