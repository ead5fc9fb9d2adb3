"""The page that explains the API and lets people try it: forms, made from the OpenAPI document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.shortcuts import redirect, render
from django.utils.html import escape, format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from tags.api import api
from tags.api.examples import example_of, resolved

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    text: SafeString
    type: str
    choices: tuple[str, ...]
    example: str
    is_required: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One field of an answer."""

    name: str
    type: str
    text: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    address: str
    title: str
    text: SafeString
    parameters: tuple[Parameter, ...]
    is_list: bool
    parts: tuple[Part, ...]
    example: str


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    schema = api.get_openapi_schema()
    operations = [_operation(address, path["get"], schema) for address, path in schema["paths"].items()]
    tried = next((operation for operation in operations if operation.name == request.GET.get("operation")), None)
    if tried is not None:
        return redirect(_address(tried, request))
    context = {
        "operations": operations,
        "about": _marked(schema["info"]["description"]),
        "is_public": settings.PUBLIC_READ,
    }
    return render(request, "tags/api.html", context)


def _address(operation: Operation, request: HttpRequest) -> str:
    """What the form asks for; fields that were left empty ask for nothing."""
    given = {one.name: request.GET.get(one.name, "").strip() for one in operation.parameters}
    asked = {name: value for name, value in given.items() if value and f"{{{name}}}" not in operation.address}
    address = re.sub(r"{(\w+)}", lambda found: quote(given[found[1]] or "-", safe=":"), operation.address)
    return f"{address}?{urlencode(asked)}" if asked else address


def _operation(address: str, facts: dict[str, Any], schema: dict[str, Any]) -> Operation:
    schemas = schema["components"]["schemas"]
    content = facts["responses"][200]["content"]["application/json"]
    answer = resolved(content["schema"], schemas)
    is_list = "items" in answer["properties"]
    item = resolved(answer["properties"]["items"]["items"], schemas) if is_list else answer
    return Operation(
        name=facts["operationId"],
        address=address,
        title=facts["summary"],
        text=_marked(facts["description"]),
        parameters=tuple(_parameter(one, schemas) for one in sorted(facts["parameters"], key=_is_about_pages)),
        is_list=is_list,
        parts=tuple(_part(name, part, schemas) for name, part in item["properties"].items()),
        example=json.dumps(content["example"], indent=2, ensure_ascii=False),
    )


def _is_about_pages(parameter: dict[str, Any]) -> bool:
    return parameter["name"] in ("limit", "cursor")


def _parameter(facts: dict[str, Any], schemas: dict[str, Any]) -> Parameter:
    schema = resolved(facts["schema"], schemas)
    return Parameter(
        name=facts["name"],
        text=_marked(facts["schema"].get("description", "")),
        type="number" if schema.get("type") == "integer" else "text",
        choices=tuple(schema.get("enum", ())),
        example=str(example_of(facts["schema"], schemas)),
        is_required=facts["required"],
    )


def _part(name: str, schema: dict[str, Any], schemas: dict[str, Any]) -> Part:
    return Part(name, _type(schema, schemas), _marked(schema.get("description", "")))


def _type(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " | ".join(_type(choice, schemas) for choice in schema["anyOf"])
    found = resolved(schema, schemas)
    if found.get("type") == "array":
        return f"[{_type(found['items'], schemas)}]"
    if "enum" in found:
        return " | ".join(f'"{value}"' for value in found["enum"])
    if "properties" in found:
        return "{" + ", ".join(found["properties"]) + "}"
    return str(found.get("format", found.get("type", "")))


def _marked(text: str) -> SafeString:
    """Paragraphs, with what stands between backticks as code."""
    paragraphs = (re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(part)) for part in text.strip().split("\n\n") if part)
    return format_html_join("", "<p>{}</p>", ((mark_safe(part),) for part in paragraphs))  # noqa: S308 (escaped above)
