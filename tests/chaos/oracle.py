"""Holds what was recorded against what was so: nothing that never was, nothing twice, nothing lost that was seen."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.truth import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLOCK = 0.002  # seconds: times are stored in microseconds, and taken in different processes
EVER = float("inf")


class Recorded(NamedTuple):
    """A movement; times in seconds since the epoch, `after` None where nothing is known before."""

    after: float | None
    before: float
    from_digest: str | None
    to_digest: str | None


class Look(NamedTuple):
    """A poll that came to a complete end, and how long it lasted."""

    begun: float
    ended: float


class Stretch(NamedTuple):
    """A stretch of coverage, and the interval at that time."""

    since: float
    until: float
    interval: float
    watched: bool = True


def lies(states: Sequence[State], movements: Sequence[Recorded]) -> Iterator[str]:
    """What is recorded of one tag, oldest first, and was not so."""
    place = 0
    for number, movement in enumerate(movements):
        if number and movement.from_digest != movements[number - 1].to_digest:
            yield f"{movement} does not go on from {movements[number - 1]}"
        found = _change(states, place, movement)
        if found is None:
            yield f"{movement} holds no such change of {[tuple(state) for state in states]}"
        else:
            place = found


def _change(states: Sequence[State], place: int, movement: Recorded) -> int | None:
    """Which state, from that at `place` on, the tag came to in the time of this movement.

    When that time began it was still on the one before, be it that others came and went in between.
    """
    after = movement.after if movement.after is not None else -EVER
    for number in range(place, len(states)):
        state = states[number]
        came_within = state.last >= after - CLOCK and state.first <= movement.before + CLOCK
        if state.digest == movement.to_digest and came_within:
            left = (one for at, one in enumerate(states[:number]) if _end(states, at).last >= after - CLOCK)
            if any(one.digest == movement.from_digest for one in left):
                return number
    return None


def _end(states: Sequence[State], number: int) -> State:
    """What ended a state; something that never came when it still lasts."""
    return states[number + 1] if number + 1 < len(states) else State(EVER, EVER, None)


def doubled(movements: Sequence[Recorded]) -> Iterator[str]:
    """The moves of one tag, oldest first, that are recorded though the tag had made them already."""
    for one, following in pairwise(movements):
        if following.to_digest == one.to_digest:
            yield f"{following} is recorded though {one} is"


def losses(
    states: Sequence[State], movements: Sequence[Recorded], looks: Sequence[Look], digest: str | None
) -> Iterator[str]:
    """The states that lived from before a complete look until after it, and that the records don't tell of that time.

    `digest` is what the tag is recorded to be on now.
    """
    for look in looks:
        number = max((n for n, state in enumerate(states) if state.last < look.begun - CLOCK), default=None)
        if number is None or _end(states, number).first <= look.ended + CLOCK:
            continue  # it changed while it was looked at
        later = next((movement for movement in movements if movement.before > look.ended + CLOCK), None)
        recorded = later.from_digest if later else digest
        if recorded != states[number].digest:
            yield f"{states[number].digest} was there throughout {look}, and {recorded} is recorded"


def blind_spots(stretches: Sequence[Stretch], looks: Sequence[Look], longest: float) -> Iterator[str]:
    """Times that are said to have been watched, and in which no look came to an end for more than two intervals.

    `longest` is how long a look may last: what one sees is known until it ends.
    """
    for stretch in filter(lambda stretch: stretch.watched, stretches):
        ends = sorted(look.ended for look in looks if stretch.since - 1 <= look.ended <= stretch.until + 1)
        for one, following in pairwise([stretch.since, *ends, stretch.until]):
            if following - one > 2 * stretch.interval + longest:
                yield f"{stretch} says that somebody watched between {one} and {following}"


def overlaps(stretches: Sequence[Stretch]) -> Iterator[str]:
    """The stretches of one repository that tell of the same time."""
    for one, following in pairwise(sorted(stretches)):
        if following.since < one.until:
            yield f"{following} begins before {one} ends"
