"""`manage.py rebuild_tags`: what is, worked out anew from what happened."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from tags.management.commands._references import chosen_repositories, reference
from tags.rebuilding import differences, rebuild

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tags.registry import Reference


class Command(BaseCommand):
    help = "Works out from the movements what each tag points to since when, and writes it where a row says otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "references", metavar="REFERENCE", nargs="*", type=reference, help="only these repositories"
        )
        parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if anything differs")

    def handle(self, *, references: list[Reference], check: bool, **_: Any) -> None:
        repositories = chosen_repositories(references)
        found = [each for repository in repositories for each in (differences if check else rebuild)(repository)]
        for difference in found:
            self.stdout.write(difference.sentence)
        left = [difference for difference in found if check or difference.told is None]
        done = "" if check else f", {len(found) - len(left)} of them mended"
        self.stdout.write(f"{len(found)} differences in {len(repositories)} repositories{done}.")
        if left:
            sys.exit(1)
