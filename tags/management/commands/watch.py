"""Start watching repositories."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from tags.management.commands._references import reference
from tags.management.commands.poll import as_line, poll_with_progress
from tags.models import Repository
from tags.polling import SKIPPED
from tags.registry import KINDS
from tags.watching import Access, watch

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from tags.registry import Reference


def seconds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"“{text}” is no number of seconds: give 1 or more")
    return int(text)


class Command(BaseCommand):
    help = "Starts watching these repositories, polls them once at once and prints what is where."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("references", metavar="REFERENCE", nargs="+", type=reference)
        parser.add_argument("--plain-http", action="store_true", help="ask the registry without TLS")
        parser.add_argument("--username", metavar="U", default="")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password or token from standard input"
        )
        parser.add_argument("--docker-config", metavar="F", type=Path, help="docker's config.json, on every worker")
        parser.add_argument("--ca-file", metavar="F", type=Path, help="PEM file of the registry's own authority")
        parser.add_argument(
            "--client-certificate", metavar="F", type=Path, help="PEM file of a certificate and its key"
        )
        parser.add_argument("--kind", choices=KINDS, help="of the registry, where it cannot be recognised")
        parser.add_argument("--interval", metavar="SECONDS", type=seconds, help="from one look to the next")

    def handle(self, *, references: list[Reference], interval: int | None, **options: Any) -> None:
        access = self._access(options)
        try:
            repositories = [watch(reference, access, interval) for reference in references]
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=2) from error
        polls = poll_with_progress(repositories, every_tag=True)
        for repository, poll in zip(repositories, polls, strict=True):
            self.stdout.write(as_line(poll))
            if poll.outcome == SKIPPED:  # where the product runs, a worker may have been faster
                self.stdout.write(f"It is watched; `manage.py aliases {repository.reference}` shows what is seen.")
                continue
            self.stdout.write(repository.draw())
            if poll.outcome == Repository.Outcome.FAILED:
                self.stdout.write(f"It stays watched, and is looked at again every {repository.every} s.")
        if any(poll.outcome not in (Repository.Outcome.COMPLETE, SKIPPED) for poll in polls):
            sys.exit(1)

    def _access(self, options: dict[str, Any]) -> Access:
        if options["username"] and not options["password_stdin"]:
            raise CommandError("--username needs --password-stdin.", returncode=2)
        config = options["docker_config"]
        return Access(
            plain_http=options["plain_http"],
            username=options["username"],
            secret=sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else "",
            ca_certificate=_text(options["ca_file"]),
            client_certificate=_text(options["client_certificate"]),
            docker_config=str(config.expanduser().absolute()) if config else "",
            kind=options["kind"] or "",
        )


def _text(file: Path | None) -> str:
    try:
        return file.read_text() if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}", returncode=2) from error
