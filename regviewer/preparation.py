"""Brings the database to this version before anything runs, or says in a sentence why that cannot be."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import Error, connection, transaction
from django.db.migrations.loader import MigrationLoader

from regviewer.parts import CannotStart
from tags.models import Heartbeat

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

SECONDS_TO_WAIT_FOR_A_LOCK = 3
FIRST_ADMIN = "admin"

# What SQLite says, and what a person should know.
SQLITE_ERRORS = {
    "database is locked": "another program holds it locked",
    "unable to open database file": "it cannot be opened or made; do the file and its directory permit it?",
    "attempt to write a readonly database": "it may not be written; do the file and its directory permit it?",
    "file is not a database": "it is not an SQLite database",
}


def prepare_database() -> None:
    """Apply what migrations are missing. Raises CannotStart."""
    if connection.vendor == "sqlite":
        # A person waits for this answer; the web server and the worker keep their patience.
        connection.settings_dict["OPTIONS"] |= {"timeout": SECONDS_TO_WAIT_FOR_A_LOCK}
    try:
        with transaction.atomic(), connection.cursor() as cursor:  # on SQLite this takes the write lock
            cursor.execute("SELECT 1")
        refuse_a_newer_database(connection)
        call_command("migrate", verbosity=0, interactive=False)
        prove_that_it_can_be_written()
    except Error as error:
        raise CannotStart(cannot_be_used(error)) from error


def prove_that_it_can_be_written() -> None:
    """Write and take it back: of a file that may only be read, everything until here was possible."""
    with transaction.atomic():
        Heartbeat.beat(Heartbeat.DISPATCH)
        transaction.set_rollback(True)


def cannot_be_used(error: Error) -> str:
    return f"The database {name_of(connection)} cannot be used: {reason(error)}"


def refuse_a_newer_database(database: BaseDatabaseWrapper) -> None:
    migrations = MigrationLoader(database)
    ours = {app for app, _ in migrations.disk_migrations}
    unknown = [key for key in migrations.applied_migrations if key not in migrations.disk_migrations and key[0] in ours]
    if unknown:
        raise CannotStart(
            f"The database {name_of(database)} was last used by a newer version of RegistryViewer "
            f"(it has {'.'.join(max(unknown))}, which is not known here): "
            "run that version, or choose another database with DATABASE_URL."
        )


def create_first_admin() -> str | None:
    """Make the account `admin` if nobody has an account yet; returns its password, which is stored nowhere in clear."""
    users: Any = get_user_model()._default_manager
    password = secrets.token_urlsafe(12)
    with transaction.atomic():
        if users.exists():
            return None
        users.create_superuser(FIRST_ADMIN, password=password)
    return password


def name_of(database: BaseDatabaseWrapper) -> str:
    """The database as a person knows it, without its password."""
    settings = database.settings_dict
    if database.vendor == "sqlite":
        return str(settings["NAME"])
    return f"{settings['NAME']} at {settings['HOST'] or 'localhost'}:{settings['PORT'] or 5432}"


def reason(error: Error) -> str:
    words = str(error).strip()
    return SQLITE_ERRORS.get(words) or words.splitlines()[-1].strip()
