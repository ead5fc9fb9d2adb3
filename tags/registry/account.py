"""What a registry may be asked at this moment: the rules, on a state that all who ask it share."""

import random
from dataclasses import dataclass, field

SHORTEST_SILENCE = 1.0
FIRST_BACKOFF = 10.0
LONGEST_BACKOFF = 600.0
"""Seconds without a request after a 429: at least, and, where it names no time, the first time and at most."""

CAUTION = 300.0
"""Seconds after a silence in which one request at a time is sent."""

LIFE = 45.0
"""Seconds after which slots that nobody renewed are free: more than any request may take."""


@dataclass(slots=True)
class Account:
    """`now` is in seconds of whatever clock keeps the account; the times in it are too."""

    holders: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Who holds how many slots, and until when; no slots: it waits for one."""
    silent_until: float = 0.0
    cautious_until: float = 0.0
    refusals: int = 0
    """429s in a row, those that came at once counted as one."""
    next_turn: float = 0.0
    """When the next request may be sent, where so many a minute are allowed."""

    def grant(self, holder: str, holds: int, wanted: int, most: int, now: float) -> int:
        """How many slots the holder may use from now on, and keeps those that it still uses beyond them.

        Whoever holds one goes on with one at least, and shares out the others when somebody waits for a first.
        """
        others = [slots for name, (slots, until) in self.holders.items() if name != holder and until > now]
        self.holders = {name: held for name, held in self.holders.items() if held[1] > now}
        most = 1 if now < self.cautious_until else most
        granted = min(wanted, most - sum(others))
        if 0 in others:
            granted = min(granted, max(most // (len(others) + 1), 1))
        granted = max(granted, 1 if holds else 0)
        self.holders[holder] = (max(granted, holds), now + LIFE)
        return granted

    def leave(self, holder: str) -> None:
        self.holders.pop(holder, None)

    def refused(self, wait: float | None, now: float) -> None:
        """The registry answered 429 and asked for a wait in seconds, or for none that can be read."""
        if now >= self.cautious_until:
            self.refusals = 0
        if now >= self.silent_until:
            self.refusals += 1
        elif wait is None:
            return  # of the requests that were under way when the first was refused
        self.silence(max(wait, SHORTEST_SILENCE) if wait is not None else self._backoff(), CAUTION, now)

    def silence(self, seconds: float, caution: float, now: float) -> None:
        """Nothing is sent for so many seconds, and only one request at a time in those after it."""
        self.silent_until = max(self.silent_until, now + seconds)
        self.cautious_until = max(self.cautious_until, now + seconds + caution)

    def turn(self, gap: float, patience: float, now: float) -> float | None:
        """Seconds until the next request may be sent, `gap` after the last; None when that is beyond `patience`."""
        begin = max(now, self.next_turn)
        if begin - now > patience:
            return None
        self.next_turn = begin + gap
        return begin - now

    def _backoff(self) -> float:
        doubled = FIRST_BACKOFF * 2.0 ** min(self.refusals - 1, 10)
        return min(doubled, LONGEST_BACKOFF) * random.uniform(1, 1.2)  # noqa: S311 (it spreads, it hides nothing)
