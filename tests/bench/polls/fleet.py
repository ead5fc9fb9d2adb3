"""Many repositories that fall due at once, and what becomes of them: `python -m tests.bench.polls.fleet --help`.

Prints, when all of them were polled, the moment at which they fell due.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
import time
from typing import TYPE_CHECKING

import django

django.setup()

from django.utils import timezone  # noqa: E402

from tags.models import Image, Registry, Repository  # noqa: E402
from tags.models.sweep import SLICES, Sweep  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS_AT_MOST = 600
SECONDS_BETWEEN_LOOKS = 0.2
LATER = dt.timedelta(days=1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.polls.fleet", description=__doc__)
    parser.add_argument("address", help="of the registry")
    parser.add_argument("names", nargs="+", help="of the repositories")
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument("--anew", action="store_true", help="as if nobody had ever looked at them")
    how.add_argument("--every-tag", action="store_true", help="they are known, and it is the turn of all their tags")
    asked = parser.parse_args()
    registry, _added = Registry.objects.get_or_create(address=asked.address, defaults={"plain_http": True})
    fleet = registry.repositories.filter(name__in=asked.names)
    if asked.anew:
        _make_anew(registry, asked.names)
    else:
        long_ago = int((timezone.now() - 2 * LATER).timestamp())
        Sweep.objects.filter(repository__in=fleet).update(looks=[long_ago] * SLICES)
    due = timezone.now()
    fleet.update(next_poll_at=due)
    end = time.monotonic() + SECONDS_AT_MOST
    while count := fleet.exclude(polled_at__gte=due).count():
        if time.monotonic() > end:
            sys.exit(f"{count} were not polled within {SECONDS_AT_MOST} s")
        time.sleep(SECONDS_BETWEEN_LOOKS)
    json.dump(due.timestamp(), sys.stdout)


def _make_anew(registry: Registry, names: Sequence[str]) -> None:
    registry.repositories.filter(name__in=names).delete()
    Image.objects.update(describe_at=None)  # what is behind the tags is read by others, at another time
    later = timezone.now() + LATER
    Repository.objects.bulk_create(
        Repository(registry=registry, name=name, interval=int(LATER.total_seconds()), next_poll_at=later)
        for name in names
    )


if __name__ == "__main__":
    main()
