"""Print what moved."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from tags.management.commands._references import moment, not_watched, reference, watched_repository
from tags.models import Movement
from tags.moments import utc

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tags.models.movement import MovementQuerySet
    from tags.registry import Reference


class Command(BaseCommand):
    help = "Prints the movements, newest first, one sentence each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("reference", metavar="REFERENCE", nargs="?", type=reference)
        parser.add_argument("--since", metavar="TIME", type=moment)
        parser.add_argument("--until", metavar="TIME", type=moment)
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(
        self,
        *,
        reference: Reference | None,
        since: dt.datetime | None,
        until: dt.datetime | None,
        json: bool,
        **_: Any,
    ) -> None:
        movements = self._of(reference).between(since, until).newest_first().for_sentences()
        if json:
            self.stdout.write(as_json(movements))
            return
        for movement in movements.iterator(chunk_size=1000):
            self.stdout.write(as_line(movement))

    def _of(self, reference: Reference | None) -> MovementQuerySet:
        if reference is None:
            return Movement.objects.all()
        repository = watched_repository(reference)
        if repository is None:
            raise not_watched(reference)
        movements = Movement.objects.filter(repository=repository)
        return movements.filter(tag__name=reference.tag) if reference.tag else movements


def as_line(movement: Movement) -> str:
    when = f"{_local(movement.before)}"
    if movement.after is not None:
        when = f"between {_local(movement.after)} and {_local(movement.before)}"
    return f"{when}  {movement.tag.repository.reference}: {movement.sentence}"


def as_json(movements: MovementQuerySet) -> str:
    facts = [{**move.facts, "after": move.after and utc(move.after), "before": utc(move.before)} for move in movements]
    return json.dumps(facts, indent=2)


def _local(moment: dt.datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}"
