"""Sees that what runs has come to a standstill, which no process's end tells, and says what is to be started again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

SECONDS_BETWEEN_LOOKS = 5.0
MOST_PATIENCE = 8  # times what a rule says


@dataclass(frozen=True, slots=True)
class Rule:
    """A sign that keeps changing while all is well; where it stands still for so many seconds, these parts hang."""

    sign: str
    seconds: float
    parts: tuple[str, ...]


_NOT_GIVEN = object()

Signs = dict[str, object]
"""By name; a sign that is not among them cannot stand still at this moment."""


class Watchdog:
    """`look` gives the signs, or None while something that none of the parts can help is away."""

    def __init__(
        self, look: Callable[[], Signs | None], rules: Collection[Rule], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._rules = rules
        self._clock = clock
        # Of each rule's sign: what it was, since when, and how many times the rule's seconds it may stand still.
        self._since: dict[str, tuple[object, float, int]] = {}

    def hanging(self) -> Mapping[str, str]:
        """The parts that are to be started again, each with the reason.

        They have twice the time for it, and twice that the next time: on a machine so busy that they take longer to
        start than a rule allows, they would otherwise be killed again and again before they had begun.
        """
        now = self._clock()
        signs = self._look() or {}
        found: dict[str, str] = {}
        for rule in self._rules:
            sign = signs.get(rule.sign, _NOT_GIVEN)
            last, since, patience = self._since.get(rule.sign, (_NOT_GIVEN, now, 1))
            if sign is _NOT_GIVEN or sign != last:
                self._since[rule.sign] = sign, now, 1
            elif now - since >= rule.seconds * patience:
                self._since[rule.sign] = last, now, min(patience * 2, MOST_PATIENCE)
                found |= dict.fromkeys(rule.parts, f"{rule.sign} has stood still for {now - since:.0f} s")
        return found


class Patrol(threading.Thread):
    """Looks again and again, beside whoever starts and stops the parts: a look may take its time."""

    def __init__(self, watchdog: Watchdog, restart: Callable[[str, str], None]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._watchdog = watchdog
        self._restart = restart
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            for part, reason in self._watchdog.hanging().items():
                self._restart(part, reason)

    def stop(self) -> None:
        self._over.set()
