from __future__ import annotations

import re

import pytest
from django.test import Client

from tags.models import Image
from tests.factories import example, watch
from tests.views.reading import read, text_of

AT = "2026-05-15T12:00:03Z"


@pytest.mark.parametrize(
    ("familiar", "full"),
    [
        ("/python/", "/docker.io/library/python/"),
        ("/library/python/", "/docker.io/library/python/"),
        ("/index.docker.io/library/python/", "/docker.io/library/python/"),
        ("/DOCKER.IO/library/python/", "/docker.io/library/python/"),
        ("/movements/python/", "/movements/docker.io/library/python/"),
        ("/python/?q=3", "/docker.io/library/python/?q=3"),
    ],
)
def test_a_familiar_name_leads_to_the_full_address(client: Client, familiar: str, full: str) -> None:
    watch("docker.io/library/python")
    response = client.get(familiar)
    assert (response.status_code, response["Location"]) == (302, full)


def test_the_full_address_is_the_page(client: Client) -> None:
    watch("127.0.0.1:5000/shop/app")
    assert client.get("/127.0.0.1:5000/shop/app/").status_code == 200


@pytest.mark.parametrize("address", ["/pyton/", "/movements/pyton/", "/pyton:3.12/"])
def test_what_is_not_watched_says_how_to_watch_it(client: Client, address: str) -> None:
    watch("docker.io/library/python")
    page = read(client, address, status=404)
    assert "docker.io/library/pyton is not watched yet. Ask an administrator to add it in the admin" in page
    assert "manage.py watch docker.io/library/pyton" in page
    assert "Did you mean: docker.io/library/python" in page


def test_the_same_name_in_another_registry_is_suggested(client: Client) -> None:
    example("127.0.0.1:5000/shop/app")
    assert "Did you mean: 127.0.0.1:5000/shop/app" in read(client, "/app/", status=404)


def test_a_tag_that_is_spelled_alike_is_suggested(client: Client) -> None:
    example()
    page = client.get("/registry.example.com/shop/app:prodction/")
    assert 'Did you mean <a href="/registry.example.com/shop/app:production/">production</a>?' in page.text
    assert "Did you mean" not in read(client, "/registry.example.com/shop/app:zzz/", status=404)


def test_nothing_is_suggested_where_nothing_is_alike(client: Client) -> None:
    example()
    assert "Did you mean" not in read(client, "/completely/different/", status=404)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/registry.example.com/shop/ap/", 404),
        ("/registry.example.com/shop/app:productio/", 404),
        (f"/sha256:{'0' * 64}/", 404),
        (f"/app@sha256:{'0' * 64}/", 404),
        (f"/sha256:{'ab' * 20}/", 300),
    ],
)
def test_who_looks_at_the_past_goes_on_looking_at_it_from_what_is_not_there(
    client: Client, address: str, status: int
) -> None:
    example()
    for end in ("cd", "ef"):
        Image.objects.create(digest=f"sha256:{'ab' * 31}{end}")
    response = client.get(f"{address}?at={AT}")
    assert response.status_code == status
    assert "You look at 15 May 2026 14:00" in text_of(response)
    body = response.text.partition('<main id="content"')[2].partition("</main>")[0]
    links = re.findall(r'href="(/[^"]*)"', body)
    assert links
    assert all(f"at={AT.replace(':', '%3A')}" in link for link in links), links
    assert client.get(f"{address}?at=yesterday").status_code == 400


def test_the_search_of_every_page_keeps_the_moment(client: Client) -> None:
    example()
    for address in ("/", "/registry.example.com/shop/app/", "/nowhere/"):
        field = f'<input type="hidden" name="at" value="{AT}">'
        form = client.get(f"{address}?at={AT}").text.partition('<search class="find">')[2].partition("</search>")[0]
        assert field in form
        assert 'name="at"' not in client.get(address).text.partition('class="find"')[2].partition("</search>")[0]
