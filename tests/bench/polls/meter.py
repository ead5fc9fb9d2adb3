"""What polls take, counted in the process that polls."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from unittest import mock

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from tests.processes import peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tags.models import Repository
    from tags.polling import Poll


class Reading(NamedTuple):
    """What a process had taken by a moment, in seconds but for the queries; `database` is waiting for its answers."""

    at: float
    cpu: float
    queries: int
    database: float


class Counters:
    """Statements and time of all cursors and commits of this process: `execute` alone would leave out the fetching."""

    def __init__(self) -> None:
        self.queries = 0
        self.seconds = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - begun

    def read(self) -> Reading:
        return Reading(time.time(), time.process_time(), self.queries, self.seconds)


class _Cursor(CursorWrapper):
    """Counts, and waits as its like do; how a transaction begins is no query: PostgreSQL is not even asked."""

    def __init__(self, cursor: Any, db: BaseDatabaseWrapper, counters: Counters) -> None:
        super().__init__(cursor, db)
        self._counters = counters

    def execute(self, sql: Any, params: Any = None) -> Any:
        self._counters.queries += not str(sql).startswith("BEGIN")
        with self._counters.waiting():
            return super().execute(sql, params)

    def executemany(self, sql: Any, param_list: Any) -> Any:
        self._counters.queries += 1
        with self._counters.waiting():
            return super().executemany(sql, param_list)

    def fetchone(self) -> Any:
        with self._counters.waiting(), self.db.wrap_database_errors:
            return self.cursor.fetchone()

    def fetchmany(self, *size: int) -> Any:
        with self._counters.waiting(), self.db.wrap_database_errors:
            return self.cursor.fetchmany(*size)

    def fetchall(self) -> Any:
        with self._counters.waiting(), self.db.wrap_database_errors:
            return self.cursor.fetchall()


@contextmanager
def counting() -> Iterator[Counters]:
    """Counts what all connections of this process do for as long as the context lasts."""
    counters = Counters()
    commit = BaseDatabaseWrapper._commit

    def make_cursor(self: BaseDatabaseWrapper, cursor: Any) -> _Cursor:
        return _Cursor(cursor, self, counters)

    def counted_commit(self: BaseDatabaseWrapper) -> None:
        with counters.waiting():
            commit(self)

    with mock.patch.multiple(BaseDatabaseWrapper, make_cursor=make_cursor, _commit=counted_commit):
        yield counters


@dataclass(frozen=True, slots=True)
class Spent:
    """One poll: what its process had taken when it began and when it ended; `memory` is that process's peak in MiB."""

    process: int
    repository: str
    outcome: str
    error: str
    tags: int
    movements: int
    requests: int
    begin: Reading
    end: Reading
    memory: float

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> Self:
        return cls(**{**facts, "begin": Reading(*facts["begin"]), "end": Reading(*facts["end"])})

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)


def metered(poll: Callable[..., Poll], counters: Counters, keep: Callable[[Spent], None]) -> Callable[..., Poll]:
    """The same `poll`, and what each took is given to `keep`."""

    @wraps(poll)
    def with_a_meter(repository: Repository, *arguments: Any, **options: Any) -> Poll:
        begin = counters.read()
        done = poll(repository, *arguments, **options)
        end = counters.read()
        counts = (done.tags, done.movements, done.requests)
        keep(Spent(os.getpid(), repository.name, done.outcome, done.error, *counts, begin, end, peak_memory()))
        return done

    return with_a_meter


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took all together; `memory` is the peak of the largest process in MiB, `None` is what nobody counted."""

    seconds: float
    cpu: float
    requests: int
    memory: float
    queries: int | None = None
    database: float | None = None


def total(polls: Iterable[Spent], since: float | None = None) -> Cost:
    """Of polls by one process or several, from the first begin, or from `since`, to the last end.

    What a process does between two of its polls counts as well: it would not do it without them.
    """
    of_process: dict[int, list[Spent]] = {}
    for poll in polls:
        of_process.setdefault(poll.process, []).append(poll)
    every = [poll for some in of_process.values() for poll in some]
    first = [min(poll.begin for poll in some) for some in of_process.values()]
    last = [max(poll.end for poll in some) for some in of_process.values()]
    pairs = list(zip(first, last, strict=True))
    return Cost(
        seconds=max(end.at for end in last) - (min(begin.at for begin in first) if since is None else since),
        cpu=sum(end.cpu - begin.cpu for begin, end in pairs),
        requests=sum(poll.requests for poll in every),
        memory=max(poll.memory for poll in every),
        queries=sum(end.queries - begin.queries for begin, end in pairs),
        database=sum(end.database - begin.database for begin, end in pairs),
    )
