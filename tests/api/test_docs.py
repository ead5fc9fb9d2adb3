from __future__ import annotations

import pytest
from django.test import Client

from tags.api import api

pytestmark = pytest.mark.django_db
DIGEST = f"sha256:{'0' * 64}"


def test_every_address_of_the_document_has_a_form_with_all_its_parameters(client: Client) -> None:
    response = client.get("/api/docs")
    forms = {operation.address: operation for operation in response.context["operations"]}
    document = api.get_openapi_schema()
    assert forms.keys() == document["paths"].keys()
    for address, path in document["paths"].items():
        names = {parameter["name"] for parameter in path["get"]["parameters"]}
        assert {parameter.name for parameter in forms[address].parameters} == names
        for name in names:
            assert f'id="{forms[address].name}-{name}"' in response.text


def test_there_is_neither_script_nor_style_in_the_page(client: Client) -> None:
    page = client.get("/api/docs").text
    assert "style=" not in page
    assert "<style" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ({"operation": "tags", "q": " prod ", "role": "", "at": ""}, "/api/v1/tags?q=prod"),
        ({"operation": "movements", "at": "1", "since": "2026-05-03"}, "/api/v1/movements?since=2026-05-03"),
        ({"operation": "registries"}, "/api/v1/registries"),
        ({"operation": "image", "digest": DIGEST}, f"/api/v1/images/{DIGEST}"),
        ({"operation": "image", "digest": "//evil.example"}, "/api/v1/images/%2F%2Fevil.example"),
        ({"operation": "image"}, "/api/v1/images/-"),
    ],
)
def test_without_a_script_a_form_leads_to_what_it_asks_for(client: Client, query: dict[str, str], address: str) -> None:
    response = client.get("/api/docs", query)
    assert (response.status_code, response.headers["Location"]) == (302, address)


def test_an_operation_that_there_is_not_shows_the_page(client: Client) -> None:
    assert client.get("/api/docs", {"operation": "nothing"}).status_code == 200


def test_the_page_is_what_the_bare_address_shows(client: Client) -> None:
    assert client.get("/api/").headers["Location"] == "/api/docs"


def test_what_the_document_says_is_text_and_no_markup(client: Client) -> None:
    page = client.get("/api/docs").text
    assert "<code>python</code> is <code>docker.io/library/python</code>" in page
    assert "{&quot;detail&quot;: &quot;…&quot;}" in page
