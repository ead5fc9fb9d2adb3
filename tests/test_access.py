from __future__ import annotations

import base64
import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tags.models import AccessToken
from tests.factories import moved
from tests.listings import digest

if TYPE_CHECKING:
    from pytest_django import SettingsWrapper

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/registries"
APP = "registry.example.com/shop/app"
PAGES = (
    "/",
    f"/{APP}/",
    f"/{APP}:production/",
    f"/{digest('2.0')}/",
    f"/matrix/{APP}/",
    "/movements/",
    f"/movements/{APP}/",
    "/registries/",
    "/search/?q=production",
    f"/compare/?a={APP}:production&b={APP}:rollback",
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.fixture(autouse=True)
def _private(settings: SettingsWrapper) -> None:
    settings.PUBLIC_READ = False


@pytest.fixture
def key() -> str:
    token = AccessToken(name="reader")
    key = token.make_key()
    token.save()
    return key


def status(authorization: str | None = None, client: Client | None = None) -> int:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return (client or Client()).get(ADDRESS, headers=headers).status_code


def basic(password: str, user: str = "anybody") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_stranger_is_refused_in_json_and_told_how_to_ask() -> None:
    response = Client().get(ADDRESS)
    assert response.status_code == 401
    assert "access token" in response.json()["detail"]
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "Basic realm=" in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("address", ["/api/v1/openapi.json", "/api/v1/nothing", "/api/nothing"])
def test_a_stranger_learns_nothing_below_it_either(address: str) -> None:
    assert Client().get(address).status_code == 401


def test_the_page_asks_people_to_sign_in() -> None:
    response = Client().get("/api/docs")
    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/login/?next=/api/docs")


def test_a_key_opens_as_bearer_token_and_as_password(key: str) -> None:
    assert status(f"Bearer {key}") == 200
    assert status(f"bearer {key}") == 200
    assert status(basic(key)) == 200
    assert status(basic(key, user="")) == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer rv_wrong", "Basic", "Basic !", "Basic bm9jb2xvbg==", "Basic /w==", "Digest x"],
)
def test_what_is_no_key_opens_nothing(authorization: str) -> None:
    assert status(authorization) == 401
    assert status(basic("rv_wrong")) == 401


def test_a_key_in_the_address_opens_nothing(key: str) -> None:
    assert Client().get(ADDRESS, {"token": key}).status_code == 401


def test_an_expired_key_opens_nothing(key: str) -> None:
    AccessToken.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert status(f"Bearer {key}") == 401
    AccessToken.objects.update(expires_at=timezone.now() + dt.timedelta(hours=1))
    assert status(f"Bearer {key}") == 200


def test_who_is_signed_in_needs_no_key() -> None:
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    assert status(client=client) == 200
    assert status("Bearer rv_wrong", client=client) == 401  # a key that is shown decides
    assert status(basic("the proxy's own"), client=client) == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(("format_", "content_type"), [("csv", "text/csv"), ("json", "application/json")])
def test_a_key_opens_the_export_of_each_page_and_not_the_page(
    key: str, page: str, format_: str, content_type: str
) -> None:
    moved()
    client = Client(headers={"Authorization": f"Bearer {key}"})
    query = "&" if "?" in page else "?"
    response = client.get(f"{page}{query}format={format_}")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(content_type)
    assert b"2.0" in response.getvalue() or page == "/registries/"
    for address in (page, f"{page}{query}format=", f"{page}{query}format=%00"):
        refused = client.get(address, headers={"Accept": BROWSER})
        assert refused.status_code == 401
        assert "and no pages" in refused.json()["detail"]


@pytest.mark.parametrize("query", ["", f"a={APP}:production", f"a={APP}&b={APP}:production"])
def test_where_there_is_nothing_to_compare_a_key_opens_no_page_in_place_of_the_export(key: str, query: str) -> None:
    moved()
    response = Client().get(f"/compare/?{query}&format=csv", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 400
    assert "qatesting" not in response.text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/registry.example.com/shop/ap/", "registry.example.com/shop/ap is not watched yet."),
        ("/movements/registry.example.com/shop/ap/", "registry.example.com/shop/ap is not watched yet."),
        (f"/{APP}:productio/", "Nobody has ever seen a tag productio in shop/app."),
        (f"/{digest('nothing')}/", "No such image"),
        (f"/compare/?a={APP}:productio&b={APP}:rollback", "Nobody has ever seen a tag productio in shop/app."),
        (f"/compare/?a=shop/ap:1&b={APP}:rollback", "docker.io/shop/ap is not watched yet."),
    ],
)
def test_an_export_of_what_is_not_there_is_refused_in_a_line_and_suggests_no_names(
    key: str, address: str, words: str
) -> None:
    moved()
    query = "&" if "?" in address else "?"
    response = Client().get(f"{address}{query}format=json", headers={"Authorization": f"Bearer {key}"})
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text == f"{words}\n"


def test_an_export_is_refused_in_words_to_programs_and_leads_people_to_the_form() -> None:
    client = Client()
    for headers in ({}, {"Accept": "text/csv"}, {"Accept": BROWSER, "Authorization": "Bearer rv_wrong"}):
        response = client.get("/movements/?format=csv", headers=headers)
        assert response.status_code == 401
        assert "access token" in response.json()["detail"]
    response = client.get("/movements/?format=csv", headers={"Accept": BROWSER})
    assert response.headers["Location"] == "/accounts/login/?next=/movements/%3Fformat%3Dcsv"
    client.force_login(User.objects.create_user("reader"))
    assert client.get("/movements/?format=csv").status_code == 200


@pytest.mark.parametrize("address", ["/admin/", "/admin/tags/registry/", "/admin/tags/accesstoken/add/"])
def test_a_key_never_opens_the_admin(key: str, address: str) -> None:
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get(address).status_code == 401
    response = client.get(address, {"format": "csv"})
    assert response.status_code == 302
    assert "/login/" in response.headers["Location"]


def test_what_needs_nobody_to_sign_in_stays_open() -> None:
    headers = {"Authorization": "Bearer rv_wrong"}
    assert Client().get("/accounts/login/", headers=headers).status_code == 200
    assert Client().post("/webhooks/1/secret", b"{}", "application/json", headers=headers).status_code == 403


def test_answers_are_for_who_asked_and_no_cache(key: str) -> None:
    response = Client().get(ADDRESS, headers={"Authorization": f"Bearer {key}"})
    for name, value in (("Cache-Control", "private"), ("Vary", "Authorization"), ("Vary", "Cookie")):
        assert value in response.headers[name]


def test_the_day_of_the_last_use_is_noted(key: str) -> None:
    assert AccessToken.objects.get().last_used_on is None
    status(f"Bearer {key}")
    assert AccessToken.objects.get().last_used_on == timezone.now().date()


def test_where_anybody_may_read_a_wrong_key_does_no_harm(settings: SettingsWrapper) -> None:
    settings.PUBLIC_READ = True
    assert status() == 200
    assert status("Bearer rv_wrong") == 200


def test_the_document_says_whether_a_key_is_needed(key: str, settings: SettingsWrapper) -> None:
    for public in (False, True):
        settings.PUBLIC_READ = public
        document = Client().get("/api/v1/openapi.json", headers={"Authorization": f"Bearer {key}"}).json()
        assert ({} in document["security"]) is public
