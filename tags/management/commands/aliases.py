"""Print which tags are the same image."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from tags.aliases import draw, group_by_digest
from tags.management.commands._references import moment, not_watched, reference, watched_repository
from tags.pages.knowledge import unknown_because

if TYPE_CHECKING:
    import datetime as dt

    from django.core.management.base import CommandParser

    from tags.models import Repository
    from tags.registry import Reference
    from tags.versions import Role

    Picture = list[tuple[str, str | None, Role]]


class Command(BaseCommand):
    help = "Prints the picture of which tags are the same image (as the one named), now or at a moment in the past."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", type=reference)
        parser.add_argument("--at", metavar="TIME", type=moment, help="as it was then, e.g. 2026-05-03T14:00+02:00")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *, reference: Reference, at: dt.datetime | None, json: bool, **_: Any) -> None:
        repository = watched_repository(reference)
        if repository is None:
            raise not_watched(reference)
        reason = at and unknown_because([repository], at, timezone.now()).get(repository.pk)
        if at and reason:
            raise CommandError(f"It is not known what was where at {at.isoformat()}: {reason}.")
        picture = repository.picture(at)
        if reference.tag:
            picture = same_image(reference.tag, picture)
        document = as_json(repository, at, picture) if json else draw(repository.short_name, picture)
        self.stdout.write(document)


def same_image(tag: str, picture: Picture) -> Picture:
    """The tags that are the same image as this one, itself included."""
    digests = {name: digest for name, digest, _role in picture}
    if tag not in digests:
        raise CommandError(f"There is no tag {tag} in this repository, or there was none then.")
    return [row for row in picture if row[0] == tag or row[1] == digests[tag] is not None]


def as_json(repository: Repository, at: dt.datetime | None, picture: Picture) -> str:
    groups = [
        {
            "digest": group.digest,
            "version": group.version,
            "versions": group.versions,
            "pointers": group.pointers,
        }
        for group in group_by_digest(picture)
    ]
    return json.dumps({"repository": repository.reference, "at": at and at.isoformat(), "images": groups}, indent=2)
