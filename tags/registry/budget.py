"""One registry's budget: requests at a time, requests a minute, and silence when it has had too many.

A budget belongs to a client, its account to the registry: whoever asks the registry keeps to the same account, through
a ledger. The slots that a listing works with are renewed together, once a second: its requests cost no more looks at
the ledger than that, or one each where only so many a minute are allowed.
"""

import math
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar

from .account import Account
from .errors import Busy, Cancelled, RateLimited

PATIENCE = 10.0
"""Seconds to wait for a first slot: the other registries' polls wait for the worker that waits here."""

_PATIENCE_FOR_A_TURN = 60.0
"""Seconds to wait for the next of so many requests a minute: with one a minute, a poll still comes to its end."""

_RENEWAL = 1.0
"""Seconds from one look at the account to the next: so soon do all workers know that the registry wants silence."""

_TRY_AGAIN = 0.1

Result = TypeVar("Result")
Clock = Callable[[], float]


class Ledger(Protocol):
    """Where a registry's account is kept."""

    def change(self, change: Callable[[Account, float], Result]) -> Result:
        """Calls `change` with the account and the time, and keeps what it made of it: nobody else comes between."""


class OwnLedger:
    """Keeps the account for this process alone."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._account = Account()
        self._clock = clock
        self._lock = threading.Lock()

    def change(self, change: Callable[[Account, float], Result]) -> Result:
        with self._lock:
            return change(self._account, self._clock())


def go_on() -> None:
    """Nobody wants to stop."""


class Budget:
    """`host` is what messages call the registry; `patience` in seconds, as are the times of `clock` and `sleep`."""

    def __init__(
        self,
        host: str,
        concurrency: int,
        requests_per_minute: int | None = None,
        ledger: Ledger | None = None,
        *,
        patience: float = PATIENCE,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = host
        self.concurrency = concurrency
        self.ledger: Ledger = ledger or OwnLedger(clock)
        self.clock = clock
        self._gap = 60 / requests_per_minute if requests_per_minute else 0.0
        self.patience = patience
        self.sleep = sleep
        self._silent_until = -math.inf  # by our clock, as far as we know without a look at the account
        self.thread = _Thread()

    @property
    def width(self) -> int:
        """How many threads are worth having: no more than requests are allowed in a second."""
        return min(self.concurrency, math.ceil(1 / self._gap)) if self._gap else self.concurrency

    @property
    def silent_for(self) -> float:
        """Seconds in which nothing may be sent, as far as known here; 0 when something may."""
        return max(self._silent_until - self.clock(), 0.0)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Around each request; raises RateLimited or Busy when it may not be sent.

        A thread that does not work with a slot gets one for this request alone.
        """
        if self.thread.share:
            self._admit(self.thread.share)
            yield
        else:
            with Share(self) as share:
                share.wait()
                self._admit(share)
                yield

    def refused(self, wait: float | None) -> None:
        """The registry answered 429, and asked to wait so many seconds, or said nothing that can be read."""

        def note(account: Account, now: float) -> float:
            account.refused(wait, now)
            return account.silent_until - now

        self.know_of_silence(self.ledger.change(note))

    def quiet(self, seconds: float, caution: float) -> None:
        """Somebody with another ledger was told to wait: nothing for so long, then for so long one at a time."""
        self.ledger.change(lambda account, now: account.silence(seconds, caution, now))
        self.know_of_silence(seconds)

    def know_of_silence(self, seconds: float) -> None:
        self._silent_until = max(self._silent_until, self.clock() + seconds)

    def _admit(self, share: "Share") -> None:
        wait = self._turn() if self._gap else 0.0
        while True:
            share.renew()
            self.keep_silence()
            if wait <= 0:
                return
            step = min(wait, _RENEWAL)
            self.sleep(step)
            wait -= step

    def _turn(self) -> float:
        wait = self.ledger.change(lambda account, now: account.turn(self._gap, _PATIENCE_FOR_A_TURN, now))
        if wait is None:
            raise Busy(f"waiting for the other polls of {self.host}: it is asked as often as it may be")
        return wait

    def keep_silence(self) -> None:
        """Raises RateLimited while the registry wants none."""
        if seconds := math.ceil(self.silent_for):
            raise RateLimited(
                f"{self.host} has had too many requests: nothing is sent for {seconds} s", retry_after=seconds
            )


class Share:
    """The slots that one piece of work has in a `with`, and its threads one each; `allowed` changes while they work."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._name = uuid.uuid4().hex
        self._wanted = 1
        self._working = 0
        self._is_over = False
        self._renewed = -math.inf
        self._lock = threading.Lock()
        self.allowed = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Gives the slots back; those of threads whose requests are still under way when these end."""
        with self._lock:
            self._is_over = True
            self._wanted = 0
            self._give_back()

    def wait(self, check: Callable[[], None] = go_on) -> None:
        """Waits for a first slot; `check` may raise meanwhile.

        Raises RateLimited when the registry wants silence, and Busy when no slot comes free soon.
        """
        budget = self._budget
        end = budget.clock() + budget.patience
        while not self._begins():
            check()
            if budget.clock() >= end:
                raise Busy(f"waiting for the other polls of {budget.host}: it is asked by as many as it may be")
            budget.sleep(_TRY_AGAIN)

    def want(self, slots: int) -> None:
        """Takes as many as are free, now and whenever others come free."""
        with self._lock:
            self._wanted = slots
            self._ask(holds=max(self._working, 1))

    def renew(self) -> None:
        """Costs nothing when it was done a moment ago; raises Cancelled when the work that it is for is over."""
        if self._is_over:
            raise Cancelled("nobody waits for it any more")
        with self._lock:
            if self._budget.clock() - self._renewed >= _RENEWAL:
                self._ask(holds=max(self._working, 1))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Around what a thread does with one of the slots."""
        with self._lock:
            self._working += 1
        self._budget.thread.share = self
        try:
            yield
        finally:
            self._budget.thread.share = None
            with self._lock:
                self._working -= 1
                if self._is_over:
                    self._give_back()

    def _begins(self) -> bool:
        """Whether there is a first slot; if not, those who have several know that somebody waits."""
        with self._lock:
            self._ask(holds=0)
        self._budget.keep_silence()
        return self.allowed > 0

    def _give_back(self) -> None:
        if self._working:
            self._ask(holds=self._working)
        else:
            self._budget.ledger.change(lambda account, _now: account.leave(self._name))

    def _ask(self, holds: int) -> None:
        def grant(account: Account, now: float) -> tuple[int, float]:
            granted = account.grant(self._name, holds, self._wanted, self._budget.concurrency, now)
            return granted, account.silent_until - now

        self.allowed, silence = self._budget.ledger.change(grant)
        self._renewed = self._budget.clock()
        self._budget.know_of_silence(silence)


class _Thread(threading.local):
    """What this thread works with."""

    share: Share | None = None
