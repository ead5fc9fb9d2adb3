"""The OpenAPI document is kept to: schemathesis makes requests from it, good and bad, and reads the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings

from regviewer.wsgi import application
from tags.models import Image
from tags.registry import TimedOut
from tests.factories import HOUR, MINUTE, NOW, example, look, moved
from tests.listings import EXAMPLE, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.django_db


# The document's examples name what its readers know; these name what there is.
REAL = {"repository": "127.0.0.1:5000/shop/cart", "registry": "127.0.0.1:5000", "digest": digest("2.0")}


@pytest.fixture
def _kept_connection() -> Iterator[None]:
    """A request that comes over WSGI would end the connection, and with it the transaction that the rows stand in."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def _rows(db: None, _kept_connection: None) -> None:
    moved()
    cart = example("127.0.0.1:5000/shop/cart", at=NOW - 2 * HOUR)
    look(cart, {}, NOW - HOUR, error=TimedOut("it took too long"))
    look(cart, {**EXAMPLE, "production": None, "2.1": "2.1 made anew"}, NOW - 5 * MINUTE)
    Image.objects.filter(pk=digest("2.0")).update(created=NOW, size=1, platforms=["linux/amd64"], labels={"a": "b"})


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, document: dict[str, Any]) -> None:
    for path in document["paths"].values():
        for parameter in path["get"]["parameters"]:
            if parameter["name"] in REAL:
                parameter["example"] = parameter["schema"]["example"] = REAL[parameter["name"]]


document = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@document.parametrize()
@pytest.mark.usefixtures("_rows")
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_what_the_document_says(case: schemathesis.Case) -> None:
    case.call_and_validate()
