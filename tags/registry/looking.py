"""Looking at many tags at once, and stopping when there is no sense in going on."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import suppress
from enum import Enum, auto
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from .budget import Share
from .errors import (
    Busy,
    Cancelled,
    CredentialsRefused,
    Forbidden,
    NeedsApproval,
    OutOfTime,
    RateLimited,
    RegistryError,
    TimedOut,
    Unreachable,
)
from .lookup import Observation

Outcome = tuple[str, Observation | RegistryError]
Submit = Callable[[Callable[[], None]], Future[None]]
"""Has a thread do it; raises Cancelled when there will be none."""

STOP_CHECK = 0.1
"""Seconds between two looks at whether somebody wants to stop."""

MOST_SECONDS = 900.0
"""For all looks of one poll: what is left then is looked at by the next."""

_SURE = 3
"""Tags that must fail in the same way, with no other outcome in between, before it is believed of all the others."""


class _Blame(Enum):
    """What a failure to look at one tag may speak of."""

    ALL = auto()  # the registry counts our requests, or we do, or we were told to stop
    SILENCE = auto()  # the registry hangs, or what is behind this tag
    REFUSED = auto()  # the credentials, or a rule about this tag
    WAIT = auto()  # the registry, or the store that holds this tag's manifest
    TAG = auto()


class Looking:
    """Gives each tag an outcome; iterate it inside a `with`, which ends the threads' work whatever happens.

    As many threads look as the share allows, which may change at any time. A 429 ends it, and so do a few tags in a
    row that were refused, met silence or a wait to be kept: the tags not yet asked get that same failure, instead of
    thirty seconds each. One bad tag costs the others nothing.
    """

    def __init__(self, look_up: Callable[[str], Observation], tags: list[str], submit: Submit, share: Share) -> None:
        self._look_up = look_up
        self._remaining = deque(tags)
        self._submit = submit
        self._share = share
        self._until = time.monotonic() + MOST_SECONDS
        self._width = 0
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._blame = _Blame.TAG
        self._in_a_row = 0
        self._outcomes: SimpleQueue[Outcome] = SimpleQueue()
        self.ended_by: RegistryError | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end(Cancelled("stopped"))

    def outcomes(self, stop: threading.Event) -> Iterator[Outcome]:
        """One for each tag; those of a moment together, for being woken by each would hold up the threads that look."""
        workers: list[Future[None]] = []
        is_over = False
        while not is_over:
            if stop.is_set():
                yield from self._abandoned()
                return
            is_over = not wait(self._joined(workers), STOP_CHECK).not_done
            yield from self._come()
        _raise_mistakes(workers)
        if self.ended_by is not None:
            yield from ((tag, self.ended_by) for tag in self._remaining)

    def _come(self) -> Iterator[Outcome]:
        """What has come by now."""
        with suppress(Empty):
            while True:
                yield self._outcomes.get_nowait()

    def _joined(self, workers: list[Future[None]]) -> list[Future[None]]:
        """With as many more as there are slots and tags for."""
        while self._takes_on():
            try:
                workers.append(self._submit(self._work))
            except Cancelled as error:
                self._end(error)
        return workers

    def _takes_on(self) -> bool:
        with self._lock:
            wanted = 0 if self.ended_by else min(self._share.allowed, self._width + len(self._remaining))
            takes_on = self._width < wanted
            self._width += takes_on
            return takes_on

    def _work(self) -> None:
        while (tag := self._claim()) is not None:
            self._outcomes.put((tag, self._outcome(tag)))
            with self._lock:
                self._under_way.discard(tag)

    def _claim(self) -> str | None:
        """The next tag; None when this thread is to end, for there is none, or no slot for it any more."""
        with self._lock:
            if self._remaining and time.monotonic() > self._until:
                self.ended_by = self.ended_by or OutOfTime(f"the poll's {MOST_SECONDS:g} s were over")
            if self.ended_by or not self._remaining or self._width > self._share.allowed:
                self._width -= 1
                return None
            tag = self._remaining.popleft()
            self._under_way.add(tag)
            return tag

    def _outcome(self, tag: str) -> Observation | RegistryError:
        try:
            observation = self._look_up(tag)
        except RegistryError as error:
            self._judge(error)
            return error.to_keep()
        with self._lock:
            self._in_a_row = 0
        return observation

    def _judge(self, error: RegistryError) -> None:
        blame = _blame(error)
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if blame is self._blame else 1
            self._blame = blame
            in_a_row = self._in_a_row
        if in_a_row >= self._enough(blame):
            self._end(error)

    def _enough(self, blame: _Blame) -> float:
        match blame:
            case _Blame.ALL:
                return 1
            case _Blame.TAG:
                return math.inf
            case _Blame.SILENCE:
                return max(_SURE, self._width)  # a round of threads meets one short silence all at once
            case _:
                return _SURE

    def _end(self, error: RegistryError) -> None:
        with self._lock:
            self.ended_by = self.ended_by or error

    def _abandoned(self) -> Iterator[Outcome]:
        """Everything without an outcome after a stop; the requests under way end by their own deadline, unheard."""
        cancelled = Cancelled("stopped before this tag was looked at")
        self._end(cancelled)
        with self._lock:
            waiting = set(self._under_way)
        for outcome in self._come():
            waiting.discard(outcome[0])
            yield outcome
        yield from ((tag, cancelled) for tag in (*waiting, *self._remaining))


def _blame(error: RegistryError) -> _Blame:
    match error:
        case RateLimited() | Busy() | Cancelled():
            return _Blame.ALL
        case TimedOut() | Unreachable():
            return _Blame.SILENCE
        case Forbidden():
            return _Blame.TAG
        case CredentialsRefused() | NeedsApproval():
            return _Blame.REFUSED
        case _:
            return _Blame.TAG if error.retry_after is None else _Blame.WAIT


def _raise_mistakes(workers: list[Future[None]]) -> None:
    for worker in workers:
        worker.result()
