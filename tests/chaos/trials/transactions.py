"""Holds a transaction of a poll at an instant that nothing from outside could hit by chance."""

from __future__ import annotations

import enum
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from tests.chaos.trials.answers import SECONDS_TO_ASK, kept_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World
    from tests.services import Postgres

KEY = 4711  # of the advisory lock that whoever is held waits for
SECONDS_TO_COME = 60

# Of a transaction that waits for a standby, the commit has happened: it is on disk, and only its client was not told.
# No other transaction waits for the standby, which there is not: their commits are local ones.
MACHINERY = """
CREATE TABLE aim (repository bigint, moment text);

CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE aimed text;
BEGIN
    SELECT moment INTO aimed FROM aim WHERE repository = NEW.id;
    IF aimed = TG_ARGV[0] THEN
        PERFORM pg_advisory_xact_lock(4711);
    ELSIF aimed = 'committed' AND TG_ARGV[0] = 'committing' THEN
        PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER hold_taking AFTER UPDATE ON tags_repository FOR EACH ROW
    WHEN (OLD.taken_at IS NULL AND NEW.taken_at IS NOT NULL) EXECUTE FUNCTION hold('taken');
CREATE TRIGGER hold_writing AFTER UPDATE ON tags_repository FOR EACH ROW
    WHEN (NEW.polled_at IS DISTINCT FROM OLD.polled_at) EXECUTE FUNCTION hold('written');
CREATE CONSTRAINT TRIGGER hold_committing AFTER UPDATE ON tags_repository DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.polled_at IS DISTINCT FROM OLD.polled_at) EXECUTE FUNCTION hold('committing');
"""


class Moment(enum.Enum):
    TAKEN = "taken"  # before the poll: the lease is written, and its registry locked
    WRITTEN = "written"  # after it: every row is written, and COMMIT not yet sent
    COMMITTING = "committing"  # COMMIT was sent, and has not happened yet
    COMMITTED = "committed"  # it has happened, and nobody was told


OF_RECORDING = (Moment.WRITTEN, Moment.COMMITTING, Moment.COMMITTED)


class Held(NamedTuple):
    """A transaction, the process of PostgreSQL that it is in, and the port of the one of ours that this works for."""

    backend: int
    port: int
    transaction: str


class Transactions:
    """Those of one PostgreSQL, which is made ready for it; nothing else of the product knows."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        with self._connection() as connection:
            connection.execute("ALTER SYSTEM SET synchronous_commit = local")
            connection.execute("SELECT pg_reload_conf()")
        postgres.end_all_connections()  # for those that there are could have their next commit still wait for a standby
        with self._connection() as connection:
            connection.execute(MACHINERY)
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            connection.execute("SELECT pg_reload_conf()")

    @contextmanager
    def aimed(self, repository: int, moment: Moment) -> Iterator[Aim]:
        """Whoever polls this repository is held at that moment, for as long as the context lasts."""
        with self._connection() as keeper:
            keeper.execute("SELECT pg_advisory_lock(%s)", [KEY])
            keeper.execute("INSERT INTO aim VALUES (%s, %s)", [repository, moment.value])
            try:
                yield Aim(keeper)
            finally:
                with suppress(psycopg.OperationalError):  # PostgreSQL was restarted meanwhile
                    self._let_go(keeper)

    def is_committed(self, held: Held) -> bool:
        """How it ended, which is waited for: its process has nobody to work for."""
        with self._connection() as connection:
            while connection.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [held.backend]).rowcount:
                time.sleep(0.05)
            [(status,)] = connection.execute("SELECT pg_xact_status(%s::xid8)", [held.transaction])
        return bool(status == "committed")

    def _connection(self) -> closing[psycopg.Connection]:
        return closing(psycopg.connect(self._postgres.url, autocommit=True))

    @staticmethod
    def _let_go(keeper: psycopg.Connection) -> None:
        keeper.execute("DELETE FROM aim")
        keeper.execute("SELECT pg_advisory_unlock_all()")
        keeper.execute("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")


class Aim:
    def __init__(self, keeper: psycopg.Connection) -> None:
        self._keeper = keeper

    def held(self) -> Held:
        """Wait for who is held; nobody else will be."""
        end = time.monotonic() + SECONDS_TO_COME
        waits = (
            "SELECT pid, client_port, backend_xid::text FROM pg_stat_activity"
            " WHERE wait_event IN ('advisory', 'SyncRep') AND backend_xid IS NOT NULL"
        )
        while (found := self._keeper.execute(waits).fetchone()) is None:
            assert time.monotonic() < end, "nobody came to that moment"
            time.sleep(0.02)
        self._keeper.execute("DELETE FROM aim")
        return Held(*found)


@contextmanager
def taking(world: World, transactions: Transactions, name: str) -> Iterator[Held]:
    """A worker takes what was handed out to it, and is held before it commits that."""
    with transactions.aimed(world.rows(name).get().pk, Moment.TAKEN) as aim:
        yield aim.held()


@contextmanager
def recording(world: World, transactions: Transactions, name: str, moment: Moment = Moment.WRITTEN) -> Iterator[Held]:
    """A poll of the repository has found a move, and is held at that moment of writing it down."""
    with kept_list(world, name) as kept:
        kept.askers.get(timeout=SECONDS_TO_ASK)
        world.truth.build(name)
        with transactions.aimed(world.rows(name).get().pk, moment) as aim:
            kept.let_go()
            yield aim.held()
