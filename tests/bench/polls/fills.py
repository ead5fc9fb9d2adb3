"""Fills a database as it would be after months of polls of the lean registry, in which no tag ever moved.

`python -m tests.bench.polls.fills ADDRESS TAGS REPOSITORIES` makes so many repositories with so many tags each.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from tags.models import Coverage, Registry, Repository, Tag  # noqa: E402
from tags.models.sweep import Sweep  # noqa: E402
from tests.bench import past  # noqa: E402
from tests.bench.polls.names import POINTERS, REPOSITORY, numbered, tag_names  # noqa: E402

if TYPE_CHECKING:
    from django.db import models

LATER = dt.timedelta(days=1)  # until somebody wants them polled


def fill(address: str, tags: int, repositories: int) -> None:
    registry = Registry.objects.create(address=address, plain_http=True)
    contents = {name: name for name in tag_names(tags)}
    pointers = {name: [contents.pop(name)] for name in POINTERS}
    original = past.repository(registry, REPOSITORY, contents, pointers, interval=600)
    original.next_poll_at = past.LAST_POLL + LATER
    original.save(update_fields=["next_poll_at"])
    same = {field.attname: getattr(original, field.attname) for field in Repository._meta.concrete_fields}
    Repository.objects.bulk_create(
        Repository(**{**same, "id": None, "name": name}) for name in numbered(REPOSITORY, repositories - 1)
    )
    for model in (Tag, Coverage, Sweep):
        _copy(model, original)


def _copy(model: type[models.Model], original: Repository) -> None:
    """Give all other repositories the same rows."""
    names = {field.column for field in model._meta.concrete_fields} - {"id", "repository_id"}
    columns = ", ".join(f'"{name}"' for name in sorted(names))
    theirs = ", ".join(f'theirs."{name}"' for name in sorted(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} (repository_id, {columns}) SELECT other.id, {theirs} "
            f"FROM {model._meta.db_table} AS theirs, {Repository._meta.db_table} AS other "
            "WHERE theirs.repository_id = %s AND other.id <> %s",
            [original.pk, original.pk],
        )


def main(address: str, tags: int, repositories: int) -> None:
    call_command("migrate", verbosity=0, interactive=False)
    fill(address, tags, repositories)
    if connection.vendor == "postgresql":  # whose autovacuum would have done so long ago
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    sys.stdout.write("null")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
