"""Polls one repository again and again, with nobody else around: `python -m tests.bench.polls.poller --help`."""

from __future__ import annotations

import argparse
import json
import sys

import django

django.setup()

from tags import polling  # noqa: E402
from tags.models import Registry, Repository  # noqa: E402
from tests.bench.polls.meter import Spent, counting, metered  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.polls.poller", description=__doc__)
    parser.add_argument("address", help="of the registry")
    parser.add_argument("name", help="of the repository")
    parser.add_argument("--warm-up", metavar="NAME", required=True, help="of a repository to be polled before")
    parser.add_argument("--anew", action="store_true", help="as if nobody had ever looked at it")
    parser.add_argument("--every-tag", action="store_true", help="look at all there is")
    parser.add_argument("--times", type=int, default=1, help="how often (default: %(default)s)")
    asked = parser.parse_args()
    registry, _added = Registry.objects.get_or_create(address=asked.address, defaults={"plain_http": True})
    # What a worker does once is not part of a poll: it opens connections, and learns what kind of registry this is.
    polling.poll(registry.repositories.get_or_create(name=asked.warm_up)[0])
    if asked.anew:
        registry.repositories.filter(name=asked.name).delete()
    known, _added = registry.repositories.get_or_create(name=asked.name)
    spent: list[Spent] = []
    with counting() as counters:
        poll = metered(polling.poll, counters, spent.append)
        for _ in range(asked.times):
            repository = Repository.objects.select_related("registry").get(pk=known.pk)
            poll(repository, every_tag=asked.every_tag)
    json.dump([some.facts for some in spent], sys.stdout)


if __name__ == "__main__":
    main()
