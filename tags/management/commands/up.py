"""`manage.py up`: everything on this machine, with one command; or some of it, looked after in the same way."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections

from regviewer import parts
from regviewer.preparation import FIRST_ADMIN, create_first_admin, name_of, prepare_database
from regviewer.supervisor import GaveUp, Supervisor
from regviewer.watchdog import Patrol, Watchdog
from tags.health import signs

if TYPE_CHECKING:
    from collections.abc import Sequence


ONLY = {"dispatcher": parts.dispatcher, "worker": parts.worker, "beat": parts.beat}


def port_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    help = "Runs broker, web, dispatcher, worker and beat on this machine, and stops them all on one Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=os.environ.get("PORT", "8000"), help="of the web pages")
        parser.add_argument(
            "--only",
            nargs="+",
            choices=ONLY,
            metavar="PART",
            help=f"run these alone, of {', '.join(ONLY)}: where several machines share a database and REDIS_URL",
        )

    def handle(self, *, port: int, only: Sequence[str] | None = None, **options: Any) -> None:
        try:
            if only:
                self.run_some(only)
            else:
                self.run_everything(port)
        except (parts.CannotStart, GaveUp) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass  # Ctrl-C before there was anything to stop
        self.say("RegistryViewer has stopped.")

    def run_everything(self, port: int) -> None:
        with parts.listen(port) as listener, tempfile.TemporaryDirectory(prefix="regviewer-") as directory:
            below, broker_url = self.broker(Path(directory))
            self.prepare()
            self.announce(port, embedded=bool(below))
            self.supervise([below, [parts.web(listener), *(make() for make in ONLY.values())]], broker_url)

    def run_some(self, only: Sequence[str]) -> None:
        """Parts beside those on other machines: the broker is there, and others bring the database up to date."""
        if not settings.REDIS_URL:
            raise parts.CannotStart("REDIS_URL is not set: parts that run alone need the broker of the others.")
        self.say(f"RegistryViewer runs its {' and '.join(only)} (Ctrl-C stops it)")
        self.supervise([[ONLY[name]() for name in only]], settings.REDIS_URL)

    def supervise(self, layers: Sequence[Sequence[parts.Part]], broker_url: str) -> None:
        connections.close_all()  # from here on this process only watches the others
        os.environ["REDIS_URL"] = broker_url
        supervisor = Supervisor(layers, self.say)
        with parts.broker_client(broker_url) as broker:
            patrol = Patrol(Watchdog(lambda: signs(broker), parts.RULES), supervisor.restart)
            patrol.start()
            try:
                supervisor.run()
            finally:
                patrol.stop()

    def broker(self, directory: Path) -> tuple[list[parts.Part], str]:
        if settings.REDIS_URL:
            parts.reach_broker(settings.REDIS_URL)
            return [], settings.REDIS_URL
        embedded, url = parts.broker(directory)
        return [embedded], url

    def prepare(self) -> None:
        prepare_database()
        if password := create_first_admin():
            self.say(f"The account {FIRST_ADMIN} was made. Its password, shown only this once: {password}")

    def announce(self, port: int, *, embedded: bool) -> None:
        self.say(f"RegistryViewer runs at http://{parts.HOST}:{port}/ (Ctrl-C stops it)")
        self.say(f"  database: {name_of(connection)}")
        self.say(f"  broker:   {'its own' if embedded else 'the one of REDIS_URL'}")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
