"""Looking at many tags at once, and stopping when there is no sense in going on."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from .errors import Cancelled, RegistryError, TimedOut, Unreachable
from .lookup import Observation

Outcome = tuple[str, Observation | RegistryError]

STOP_CHECK = 0.1
"""Seconds between two looks at whether somebody wants to stop."""


class Looking:
    """Gives each tag an outcome; iterate it inside a `with`, which ends the threads' work whatever happens.

    A failure that says "not now" (429, a wait asked for, credentials refused), or as many time-outs in a row as there
    are threads, ends it: the tags not yet asked get that same failure, instead of thirty seconds each.
    """

    def __init__(
        self, look_up: Callable[[str], Observation], tags: list[str], threads: ThreadPoolExecutor, width: int
    ) -> None:
        self._look_up = look_up
        self._remaining = iter(tags)
        self._threads = threads
        self._width = min(width, len(tags))
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._silences = 0
        self._outcomes: SimpleQueue[Outcome | None] = SimpleQueue()  # None: one thread has ended
        self.ended_by: RegistryError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end(Cancelled("stopped"))

    def outcomes(self, stop: threading.Event) -> Iterator[Outcome]:
        """One for each tag, as they come."""
        workers = [self._threads.submit(self._work) for _ in range(self._width)]
        running = len(workers)
        while running:
            try:
                outcome = self._outcomes.get(timeout=STOP_CHECK)
            except Empty:
                pass
            else:
                if outcome is None:
                    running -= 1
                else:
                    yield outcome
            if stop.is_set():
                yield from self._abandoned()
                return
        _raise_mistakes(workers)
        if self.ended_by is not None:
            yield from ((tag, self.ended_by) for tag in self._remaining)

    def _work(self) -> None:
        try:
            while (tag := self._claim()) is not None:
                self._outcomes.put((tag, self._outcome(tag)))
                with self._lock:
                    self._under_way.discard(tag)
        finally:
            self._outcomes.put(None)

    def _claim(self) -> str | None:
        with self._lock:
            tag = next(self._remaining, None) if self.ended_by is None else None
            if tag is not None:
                self._under_way.add(tag)
            return tag

    def _outcome(self, tag: str) -> Observation | RegistryError:
        try:
            observation = self._look_up(tag)
        except RegistryError as error:
            self._judge(error)
            return error
        self._silences = 0
        return observation

    def _judge(self, error: RegistryError) -> None:
        self._silences = self._silences + 1 if isinstance(error, TimedOut | Unreachable) else 0
        if error.ends_poll or error.retry_after is not None or self._silences >= self._width:
            self._end(error)

    def _end(self, error: RegistryError) -> None:
        with self._lock:
            self.ended_by = self.ended_by or error

    def _abandoned(self) -> Iterator[Outcome]:
        """Everything without an outcome after a stop; the requests under way end by their own deadline, unheard."""
        cancelled = Cancelled("stopped before this tag was looked at")
        self._end(cancelled)
        with self._lock:
            waiting = set(self._under_way)
        while not self._outcomes.empty():
            outcome = self._outcomes.get()
            if outcome is not None:
                waiting.discard(outcome[0])
                yield outcome
        yield from ((tag, cancelled) for tag in (*waiting, *self._remaining))


def _raise_mistakes(workers: list[Future[None]]) -> None:
    for worker in workers:
        worker.result()
