"""Begins a part of an interval in which thousands of repositories are polled, each at its own place in it.

`python -m tests.bench.polls.schedule ADDRESS REPOSITORIES INTERVAL SECONDS` prints who is due when in the next so many
seconds. Those get the repositories that were filled; of the others there is the row, and no tag.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
import zlib

import django

django.setup()

from django.utils import timezone  # noqa: E402

from tags.models import Registry, Repository  # noqa: E402
from tags.models.sweep import LAP, SLICES, Sweep  # noqa: E402
from tests.bench.polls.names import REPOSITORY, numbered  # noqa: E402

SECONDS_UNTIL_IT_BEGINS = 5
BATCH = 500


def begin(registry: Registry, repositories: int, interval: int, seconds: int, now: dt.datetime) -> dict[str, float]:
    """Who is due when, from now on; the rows are made to say so."""
    start = int(now.timestamp())
    due = {name: start + (_phase(registry, name) - start) % interval for name in numbered("fleet/app", repositories)}
    soon = sorted((name for name in due if due[name] < start + seconds), key=due.__getitem__)
    filled = list(registry.repositories.filter(name__startswith=REPOSITORY))
    if len(filled) < len(soon):
        sys.exit(f"{len(soon)} repositories fall due, and only {len(filled)} were filled")
    for repository, name in zip(filled, soon, strict=False):
        repository.name, repository.interval, repository.next_poll_at = name, interval, _at(due[name])
    for repository in filled[len(soon) :]:
        repository.enabled = False
    Repository.objects.bulk_update(filled, ["name", "interval", "next_poll_at", "enabled"], batch_size=BATCH)
    Repository.objects.bulk_create(
        Repository(registry=registry, name=name, interval=interval, next_poll_at=_at(due[name]))
        for name in due.keys() - set(soon)
    )
    # Each slice of the sweep was looked at on its last turn, if the poll of an interval ago came after that.
    last = start - interval
    turns = (math.ceil(number * LAP / SLICES) for number in range(SLICES))
    Sweep.objects.update(looks=[last - (last - turn) % LAP for turn in turns])
    return {name: due[name] for name in soon}


def _phase(registry: Registry, name: str) -> int:
    """Where the product puts it: any other place it would leave with its first poll."""
    return zlib.crc32(f"{registry.address}/{name}".encode())


def _at(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def main(address: str, repositories: int, interval: int, seconds: int) -> None:
    registry = Registry.objects.get(address=address)
    now = timezone.now() + dt.timedelta(seconds=SECONDS_UNTIL_IT_BEGINS)
    json.dump(begin(registry, repositories, interval, seconds, now), sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
