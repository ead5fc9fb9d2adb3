"""Poll repositories now, in the foreground."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand
from django.utils.translation import ngettext
from rich.console import Console
from rich.progress import Progress, TaskID

from tags import polling
from tags.management.commands._references import chosen_repositories, reference
from tags.models import Repository

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tags.registry import Reference


class Command(BaseCommand):
    help = "Polls the named, or all watched, repositories now, and says what was seen."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("references", metavar="REFERENCE", nargs="*", type=reference)
        parser.add_argument(
            "--steady", action="store_true", help="look only at the tags that a scheduled poll would look at"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *, references: list[Reference], steady: bool, json: bool, **_: Any) -> None:
        repositories = chosen_repositories(references) if references else _all_watched()
        polls = poll_with_progress(repositories, every_tag=not steady)
        self.stdout.write(as_json(polls) if json else "\n".join(map(as_line, polls)) or "No repository is watched yet.")
        if any(poll.outcome != Repository.Outcome.COMPLETE for poll in polls):
            sys.exit(1)


def _all_watched() -> list[Repository]:
    return list(Repository.objects.watched().select_related("registry"))


def poll_with_progress(repositories: list[Repository], *, every_tag: bool) -> list[polling.Poll]:
    """Poll one after the other; a bar on standard error shows how far, when that is a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        polls = []
        for repository in repositories:
            bar = bars.add_task(repository.reference, total=None)

            def show(done: int, total: int, bar: TaskID = bar) -> None:
                bars.update(bar, completed=done, total=total)

            polls.append(polling.poll(repository, every_tag=every_tag, progress=show))
        return polls


def as_json(polls: list[polling.Poll]) -> str:
    return json.dumps([dataclasses.asdict(poll) for poll in polls], indent=2)


def as_line(poll: polling.Poll) -> str:
    """Say in a line how a poll went."""
    counts = (
        ngettext("%d tag", "%d tags", poll.tags) % poll.tags,
        ngettext("%d movement", "%d movements", poll.movements) % poll.movements,
        ngettext("%d request", "%d requests", poll.requests) % poll.requests,
    )
    line = f"{poll.repository}: {poll.outcome}, {', '.join(counts)}, {poll.seconds:.1f} s"
    return f"{line}: {poll.error}" if poll.error else line
