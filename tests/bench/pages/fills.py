"""The databases that are measured, always filled with the same: `python -m tests.bench.pages.fills board` fills one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from tags.models import Heartbeat  # noqa: E402
from tests.bench import past  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESSES = ("harbor.example.com", "quay.example.org", "registry.example.net:5000")
POINTERS = (
    *("production", "staging", "qatesting", "perftesting", "rollback"),
    *("latest", "nightly", "canary", "demo", "training"),
)


def board() -> None:
    """500 images x 10 pointers in three registries; 20 versions and 30 movements each."""
    registries = [past.registry(address) for address in ADDRESSES]
    for number in range(500):
        name = f"shop/app-{number:03}"
        builds = {f"{number % 5 + 1}.{build}.0": f"{name} {build}" for build in range(20)}
        contents = list(builds.values())
        pointers = {
            pointer: [contents[(number + place + move * 5) % 20] for move in range(4)]
            for place, pointer in enumerate(POINTERS)
        }
        past.repository(registries[number % 3], name, builds, pointers)


def repository() -> None:
    """One repository of 10,000 tags, twelve of them pointers; nine in ten versions have no pointer."""
    pointers = (*POINTERS, "stable", "edge")
    builds = {f"{n // 1000 + 1}.{n // 20 % 50}.{n % 20}": f"build {n}" for n in range(10_000 - len(pointers))}
    contents = list(builds.values())
    past.repository(
        past.registry(ADDRESSES[0]),
        "shop/monolith",
        builds,
        {
            pointer: [contents[-1 - 3 * (place + move)] for move in reversed(range(9))]
            for place, pointer in enumerate(pointers)
        },
    )


def timeline() -> None:
    """One repository with 50 pointers that moved 200 times each in 90 days; some moves go back."""
    builds = {f"{n // 100 + 1}.{n // 10 % 10}.{n % 10}": f"build {n}" for n in range(300)}
    contents = list(builds.values())
    past.repository(
        past.registry(ADDRESSES[0]),
        "shop/fleet",
        builds,
        {
            f"{stage}-{place}": [
                contents[(move - 2 * (move % 17 == 0)) * 10 // 8 % 300] for move in range(number, number + 201)
            ]
            for number, (stage, place) in enumerate(
                (stage, place)
                for stage in ("production", "staging", "canary", "training", "demo")
                for place in (
                    "berlin",
                    "frankfurt",
                    "madrid",
                    "oslo",
                    "paris",
                    "prague",
                    "riga",
                    "rome",
                    "turin",
                    "wien",
                )
            )
        },
    )


def tag() -> None:
    """One tag that moved 100,000 times in 400 days, every second time to a build that no version names."""
    builds = {f"1.{n // 100}.{n % 100}": f"build {n}" for n in range(2000)}
    contents = list(builds.values())
    went = [contents[move // 2 % 2000] if move % 2 else f"unnamed {move // 2 % 1500}" for move in range(100_001)]
    past.repository(past.registry(ADDRESSES[0]), "shop/busy", builds, {"nightly": went}, days=400, interval=300)


def search() -> None:
    """1,000,000 tags in 1,000 repositories: 330 builds with three names each, and ten pointers that moved twice."""
    registries = [past.registry(address) for address in ADDRESSES]
    for number in range(1000):
        name = f"team-{number % 40:02}/service-{number:04}"
        builds = {}
        for build in range(330):
            content = f"{name} {build}"
            version = f"{number % 25 + 1}.{build // 10}.{build % 10}"
            commit = past.digest(content)[-12:]
            builds |= {version: content, f"{version}-alpine": content, f"git-{commit}": content}
        contents = [f"{name} {build}" for build in range(330)]
        pointers = {
            pointer: [contents[(number + 20 * place + move) % 330] for move in range(3)]
            for place, pointer in enumerate(POINTERS)
        }
        with transaction.atomic():
            past.repository(registries[number % 3], name, builds, pointers)


FILLS: dict[str, Callable[[], None]] = {
    "board": board,
    "repository": repository,
    "timeline": timeline,
    "tag": tag,
    "search": search,
}


def main(name: str) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    FILLS[name]()
    Heartbeat.beat(Heartbeat.DISPATCH)
    if connection.vendor == "postgresql":  # whose autovacuum would have done so long ago
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main(sys.argv[1])
