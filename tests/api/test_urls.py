from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import example

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address", ["/api/nothing", "/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/tags/", "/api/docs/"]
)
def test_below_the_api_nothing_is_answered_in_json(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.json() == {"detail": "There is nothing at this address: /api/docs tells what there is."}


@pytest.mark.parametrize("address", ["/api/v1/tags", "/api/v1/openapi.json", "/api/nothing"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options", "trace"])
def test_it_only_reads(address: str, method: str) -> None:
    response = getattr(Client(enforce_csrf_checks=True), method)(address)
    assert response.status_code == 405
    assert response.json() == {"detail": "This API only reads: ask with GET."}
    assert response.headers["Allow"] == "GET, HEAD"


def test_head_is_answered_as_get_without_the_body(client: Client) -> None:
    example()
    response = client.head("/api/v1/tags")
    assert (response.status_code, response.content) == (200, b"")


def test_an_answer_sets_no_cookie(client: Client) -> None:
    assert not client.get("/api/v1/tags").cookies
