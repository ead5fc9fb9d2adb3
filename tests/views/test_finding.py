from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import example, watch
from tests.views.reading import read


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


def test_nothing_is_suggested_where_nothing_is_alike(client: Client) -> None:
    example()
    assert "Did you mean" not in read(client, "/completely/different/", status=404)
