"""`manage.py up`: everything on this machine, with one command."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections

from regviewer import parts
from regviewer.preparation import FIRST_ADMIN, create_first_admin, name_of, prepare_database
from regviewer.supervisor import GaveUp, Supervisor


def port_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 1 to 65535")
    return int(text)


class Command(BaseCommand):
    help = "Runs broker, web, worker and beat on this machine, and stops them all on one Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=port_number, default=os.environ.get("PORT", "8000"), help="of the web pages")

    def handle(self, *, port: int, **options: Any) -> None:
        try:
            with parts.listen(port) as listener, tempfile.TemporaryDirectory(prefix="regviewer-") as directory:
                below, broker_url = self.broker(Path(directory))
                self.prepare()
                connections.close_all()  # from here on this process only watches the others
                self.announce(port, embedded=bool(below))
                os.environ["REDIS_URL"] = broker_url
                Supervisor([below, [parts.web(listener), parts.worker(), parts.beat()]], self.say).run()
        except (parts.CannotStart, GaveUp) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            pass  # Ctrl-C before there was anything to stop
        self.say("RegistryViewer has stopped.")

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
