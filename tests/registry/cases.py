"""The recorded cases in tests/vectors, as pytest parameters, and a registry that plays the routes of one."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.fakeregistry import Answer, FakeRegistry, Recorded

VECTORS = Path(__file__).parent.parent / "vectors"


def cases(name: str) -> pytest.MarkDecorator:
    found = json.loads((VECTORS / f"{name}.json").read_text())["cases"]
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in found])


def acceptable(case: dict[str, Any]) -> list[Any]:
    """What the case expects, and what it lets pass besides."""
    return [case["expect"], *case.get("acceptable", [])]


class ScriptedRegistry(FakeRegistry):
    """Answers from the routes of a case, first match wins; anything else it is asked is a 599."""

    def __init__(self, routes: list[dict[str, Any]], path: str, **options: Any) -> None:
        super().__init__(**options)
        self._routes = [dict(route) for route in routes]
        self._path = path

    def answer(self, request: Recorded) -> Answer:
        for route in self._routes:
            if self._matches(route, request) and route.get("times") != 0:
                if "times" in route:
                    route["times"] -= 1
                body = route.get("body", "")
                raw = body if isinstance(body, str) else json.dumps(body)
                return Answer(route["status"], route["headers"], raw.encode())
        return Answer(599)

    def _matches(self, route: dict[str, Any], request: Recorded) -> bool:
        when = dict(route.get("when", {}))
        accepted = when.pop("accept_has", "")
        is_regex, exception = when.pop("_regex", False), when.pop("_not", {})
        asked = {name: values[0] for name, values in request.query.items()}
        if route.get("path", self._path) != urlsplit(request.path).path or accepted not in request.headers["Accept"]:
            return False
        if request.method != route.get("method", request.method) or any(
            asked.get(k) == v for k, v in exception.items()
        ):
            return False
        if is_regex:
            return all(re.fullmatch(pattern, asked.get(name, "")) for name, pattern in when.items())
        return all(asked.get(name) == value for name, value in when.items())
