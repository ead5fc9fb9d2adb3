from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import resolve

from tags.models import Movement, Registry, Repository, Tag
from tests.factories import MINUTE, NOW, look, watch
from tests.listings import EXAMPLE
from tests.views.reading import read

if TYPE_CHECKING:
    from pytest_django import SettingsWrapper

pytestmark = pytest.mark.django_db
PAGES = ["/", "/movements/", "/registries/", "/accounts/login/"]


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/", "board"),
        ("/registries/", "registries"),
        ("/movements/", "movements"),
        ("/docker.io/library/registries/", "repository"),
        ("/movements/docker.io/library/python/", "movements_of"),
        ("/127.0.0.1:5000/shop/app/", "repository"),
        ("/127.0.0.1:5000/shop/app:production/", "tag"),
        ("/[::1]:5000/shop/app:v1.0_x-y/", "tag"),
        (f"/127.0.0.1:5000/shop/app@sha256:{'a' * 64}/", "pinned"),
    ],
)
def test_an_address_is_an_image_reference(address: str, name: str) -> None:
    assert resolve(address).url_name == name


@pytest.mark.parametrize(
    "address", ["/Foo/", "/a//b/", "/app:-x/", "/..%2f..%2fetc/passwd/", "/app@sha256:ab/", "/%00/"]
)
def test_what_is_no_reference_is_not_found(client: Client, address: str) -> None:
    assert "There is nothing at this address." in read(client, address, status=404)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_a_strict_policy_and_nothing_inline(client: Client, address: str) -> None:
    response = client.get(address)
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert "<style" not in response.text
    assert " style=" not in response.text
    assert " onclick=" not in response.text
    assert response.text.count("<script") == response.text.count("<script src=")


def test_reading_needs_no_account_when_it_is_public(client: Client) -> None:
    assert "Sign in" in client.get("/").text


def test_the_admin_is_offered_to_staff_only(client: Client) -> None:
    client.force_login(User.objects.create_user("reader"))
    assert "/admin/" not in client.get("/").text
    client.force_login(User.objects.create_superuser("keeper"))
    assert 'href="/admin/"' in client.get("/").text


def test_signing_in_goes_wrong_in_words(client: Client) -> None:
    response = client.post("/accounts/login/", {"username": "reader", "password": "no"})
    assert "User name or password is wrong" in response.text


def test_signing_in_leads_back_to_the_page_that_was_asked_for(client: Client) -> None:
    User.objects.create_user("reader", password="open")
    response = client.post("/accounts/login/", {"username": "reader", "password": "open", "next": "/registries/"})
    assert response["Location"] == "/registries/"


@pytest.mark.parametrize("address", ["/accounts/password_reset/", "/accounts/password_reset/done/"])
def test_no_mail_is_promised_that_nobody_sends(client: Client, address: str) -> None:
    assert client.get(address).status_code == 404
    assert "password_reset" not in client.get("/admin/login/").text


def test_signing_out_leads_to_the_board(client: Client) -> None:
    client.force_login(User.objects.create_user("reader"))
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert "Sign in" in client.get("/").text


def test_the_link_to_sign_in_remembers_the_page(client: Client) -> None:
    link = 'href="/accounts/login/?next=/movements/%3Fkind%3Dforward"'
    assert link in client.get("/movements/?kind=forward").text
    assert 'href="/accounts/login/"' in client.get("/accounts/login/?next=/registries/").text


@pytest.mark.parametrize("is_public", [True, False])
def test_pages_that_name_no_icon_find_one(client: Client, settings: SettingsWrapper, is_public: bool) -> None:
    settings.PUBLIC_READ = is_public
    response = client.get("/favicon.ico")
    assert response.status_code == 302
    assert response["Location"].endswith(".svg")


def test_a_form_from_elsewhere_is_refused_in_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "reader", "password": "no"})
    assert response.status_code == 403
    assert "This form is too old" in response.text


@override_settings(DEBUG=False)
def test_a_failing_page_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tags.views.registries.reports", fail)
    client.raise_request_exception = False
    response = client.get("/registries/")
    assert response.status_code == 500
    assert "Something went wrong" in response.text


HOSTILE = '"><script>alert(1)</script>'


def test_what_a_registry_says_is_text_and_nothing_else(client: Client) -> None:
    repository = watch()
    look(repository, {**EXAMPLE, "production": "1.3"}, NOW - 5 * MINUTE)
    look(repository, EXAMPLE)
    # No name of this kind passes the client; if one ever did, the pages would have to stand it.
    Repository.objects.update(error=HOSTILE)
    Registry.objects.update(name=HOSTILE, discovery_error=HOSTILE)
    Tag.objects.filter(name="2.0").update(name=HOSTILE)
    Movement.objects.update(from_version=HOSTILE, to_version=HOSTILE)
    app = "/registry.example.com/shop/app"
    addresses = ["/", "/registries/", "/movements/", f"/movements{app}/?span=all", f"{app}/", f"{app}/?by=pointer"]
    for address in [*addresses, f"{app}:production/", f"{app}/?q={HOSTILE}", f"/?q={HOSTILE}", f"/?at={HOSTILE}"]:
        html = client.get(address).text
        assert "<script>" not in html, address
        assert HOSTILE not in html, address
