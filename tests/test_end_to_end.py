"""The whole product against a real registry: what a stranger sees who follows the README."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
import uuid
from html import unescape
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import requests

from tests.listings import EXAMPLE
from tests.processes import wait_until
from tests.test_up import ROOT, Up, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.services import DockerRegistry

pytestmark = pytest.mark.real

INTERVAL = 2


class Product:
    """The running product, a registry that it watches, and the two ways to look at it."""

    def __init__(self, up: Up, registry: DockerRegistry, environment: dict[str, str]) -> None:
        self.up = up
        self.registry = registry
        self.reference = f"{registry.address}/app"
        self._environment = environment

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def page(self, path: str = "", **query: str) -> str:
        """The words of a page, its tags left out."""
        answer = requests.get(f"{self.up.url}/{path}", params=query, timeout=10)
        assert answer.status_code == 200
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())

    def look_at_everything(self) -> None:
        """Poll by hand, as soon as no worker is at it."""
        command = [sys.executable, "manage.py", "poll", self.reference]
        wait_until(lambda: subprocess.run(command, cwd=ROOT, env=self._environment, timeout=60).returncode == 0, 30)

    def watched_moment(self) -> dt.datetime:
        """A moment between two looks, of which no later one will say that nobody looked.

        An interval is so short here that a busy machine leaves gaps.
        """
        tried = [dt.datetime.now(dt.UTC)]

        def is_known() -> bool:
            question = {"repository": self.reference, "q": "production"}
            (now,) = self.api("tags", **question)
            if dt.datetime.fromisoformat(now["checked_at"]) <= tried[-1]:
                return False
            (then,) = self.api("tags", **question, at=tried[-1].isoformat())
            if then["state"] != "present":
                tried.append(dt.datetime.now(dt.UTC))
            return bool(then["state"] == "present")

        wait_until(is_known, 60)
        return tried[-1]

    def api(self, path: str, **query: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.up.url}/api/v1/{path}", params=query, timeout=10)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def moved(self, sentence: str) -> None:
        """Wait until the page of movements says so."""
        wait_until(lambda: sentence in self.page(f"movements/{self.reference}/"), 30)


@pytest.fixture
def production(postgres_url: str, redis_url: str) -> dict[str, str]:
    """What stands in the environment where PostgreSQL and Redis do the work."""
    name = f"end_to_end_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return {"DATABASE_URL": f"{postgres_url.rpartition('/')[0]}/{name}", "REDIS_URL": redis_url}


@pytest.fixture(params=["embedded", "PostgreSQL and Redis"])
def product(request: pytest.FixtureRequest, docker_registry: DockerRegistry, tmp_path: Path) -> Iterator[Product]:
    for tag, version in EXAMPLE.items():
        docker_registry.push("app", tag, version)
    others = {} if request.param == "embedded" else request.getfixturevalue("production")
    up = Up(tmp_path, **others)
    try:
        up.wait_until_it_works()
        yield Product(up, docker_registry, {**settings(tmp_path), **others})
    finally:
        up.end()


def test_a_stranger_watches_an_image_and_sees_it_move(product: Product) -> None:
    watched = product.manage("watch", "--plain-http", "--interval", str(INTERVAL), product.reference)
    picture = product.manage("aliases", product.reference)
    assert watched.endswith(picture)
    assert "app:2.0 ---------> production\n" in picture
    assert "app:2.1 ---------> perftesting\n       \\---------> qatesting\n" in picture
    assert "2.0" in product.page(f"{product.reference}/", q="production")
    before_the_move = product.watched_moment()

    product.registry.push("app", "production", "2.1")
    product.moved("production moved forward from 2.0 to 2.1")
    timeline = requests.get(f"{product.up.url}/movements/{product.reference}/", {"tag": "production"}, timeout=10).text
    assert len(re.findall(r'<a class="bar"', timeline)) == 2
    then = product.page(f"{product.reference}/", at=before_the_move.isoformat(), q="production")
    assert "2.0 production" in then
    assert "2.1 production" not in then

    product.registry.push("app", "production", "2.0")
    product.moved("production was rolled back from 2.1 to 2.0")

    # This registry deletes images, not tags: first the tag is made the only one of an image.
    lonely = product.registry.push("app", "rollback", "nobody else has this")
    product.registry.delete("app", lonely)
    product.moved("rollback was removed")

    product.registry.push("app", "2.1", "2.1, built again")
    product.look_at_everything()  # the sweep over the versions would come upon it within a day
    product.moved("2.1 was rebuilt: same name, new content")
    sentences = product.manage("movements", product.reference).splitlines()
    assert "2.1 was rebuilt" in sentences[0]
    assert all(line.startswith("between ") for line in sentences)


def test_a_registry_that_goes_away_takes_nothing_with_it(product: Product) -> None:
    product.manage("watch", "--plain-http", "--interval", str(INTERVAL), product.reference)
    picture = product.manage("aliases", product.reference)
    product.registry.stop()
    try:
        wait_until(lambda: "registry not reachable" in product.page("registries/"), 30)
        assert product.manage("aliases", product.reference) == picture
    finally:
        product.registry.start()
    product.registry.push("app", "production", "2.2")
    product.moved("production moved forward from 2.0 to 2.2")
    assert "registry not reachable" in product.page(f"movements/{product.reference}/")
    product.registry.push("app", "production", "2.0")
