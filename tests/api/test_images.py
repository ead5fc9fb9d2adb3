from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tags.models import Image
from tests.factories import MINUTE, NOW, example, look, moved, watch
from tests.listings import EXAMPLE, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Any]

APP = "registry.example.com/shop/app"


def test_an_image_tells_what_is_behind_it(ask: Ask) -> None:
    example()
    Image.objects.filter(pk=digest("2.0")).update(
        media_type="application/vnd.oci.image.index.v1+json",
        created=NOW,
        size=31457280,
        platforms=["linux/amd64"],
        labels={"org.opencontainers.image.revision": "0f9e8d7"},
    )
    found = ask(f"images/{digest('2.0')}")
    del found["tags"], found["was"]
    assert found == {
        "digest": digest("2.0"),
        "media_type": "application/vnd.oci.image.index.v1+json",
        "created": "2026-05-15T12:00:00Z",
        "size": 31457280,
        "platforms": ["linux/amd64"],
        "labels": {"org.opencontainers.image.revision": "0f9e8d7"},
    }


def test_it_names_who_points_to_it_everywhere_and_who_did(ask: Ask) -> None:
    moved()
    example("127.0.0.1:5000/copy/app")
    found = ask(f"images/{digest('1.3')}")
    assert [(tag["repository"], tag["name"], tag["role"]) for tag in found["tags"]] == [
        ("127.0.0.1:5000/copy/app", "1.3", "version"),
        ("127.0.0.1:5000/copy/app", "rollback", "pointer"),
        (APP, "1.3", "version"),
        (APP, "rollback", "pointer"),
    ]
    assert found["tags"][3]["since"] == {"after": "2026-05-15T11:55:00Z", "before": "2026-05-15T12:00:01Z"}
    assert found["was"] == [
        {
            "repository": APP,
            "name": "production",
            "role": "pointer",
            "until": {"after": "2026-05-15T11:55:00Z", "before": "2026-05-15T12:00:01Z"},
        }
    ]


def test_who_came_back_is_there_and_who_left_twice_is_named_once(ask: Ask) -> None:
    repository = example(at=NOW - 5 * MINUTE)
    for minutes, production in ((4, "2.1"), (3, "2.0"), (2, "2.1")):
        look(repository, {**EXAMPLE, "production": production}, NOW - minutes * MINUTE)
    assert [tag["name"] for tag in ask(f"images/{digest('2.0')}")["was"]] == ["production"]
    assert ask(f"images/{digest('2.1')}")["was"] == []
    look(repository, {name: content for name, content in EXAMPLE.items() if name != "production"})
    assert [tag["name"] for tag in ask(f"images/{digest('2.1')}")["was"]] == ["production"]


def test_signatures_neither_point_to_an_image_nor_did(ask: Ask) -> None:
    repository = watch()
    signature = f"sha256-{'0' * 64}.sig"
    look(repository, {"1.0": "1.0", signature: "1.0"}, NOW - 5 * MINUTE)
    assert [tag["name"] for tag in ask(f"images/{digest('1.0')}")["tags"]] == ["1.0"]
    look(repository, {"1.1": "1.1"})
    assert [tag["name"] for tag in ask(f"images/{digest('1.0')}")["was"]] == ["1.0"]


def test_a_digest_that_nobody_saw_or_that_is_none_is_refused(ask: Ask) -> None:
    nobody = f"sha256:{'0' * 64}"
    assert nobody in ask(f"images/{nobody}", status=404)["detail"]
    assert "write it in full" in ask("images/sha256:d84bdb3", status=422)["detail"]
    assert "no parameter" in ask(f"images/{nobody}", status=422, at="2026-05-15")["detail"]


def test_an_image_of_many_tags_is_asked_for_as_seldom_as_one_of_few(ask: Ask) -> None:
    moved()
    with CaptureQueriesContext(connection) as few:
        ask(f"images/{digest('1.3')}")
    for number in range(5):
        moved(f"registry.example.com/shop/more{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(ask(f"images/{digest('1.3')}")["was"]) == 6
    assert len(many) == len(few) == 3
