"""Is what a page shows still so? A repository's last look in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from tags.pages import clock

if TYPE_CHECKING:
    from tags.models import Repository


class State(StrEnum):
    FRESH = "fresh"
    LATE = "late"  # nobody looked for more than two intervals
    FAILING = "failing"
    PAUSED = "paused"
    NEW = "new"  # never looked at


LABELS = {
    State.FRESH: _lazy("up to date"),
    State.LATE: _lazy("late"),
    State.FAILING: _lazy("not answering"),
    State.PAUSED: _lazy("paused"),
    State.NEW: _lazy("not looked at yet"),
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """`words` fit a cell, `sentence` a banner; `reason` is the registry's own error, if any."""

    state: State
    words: str
    sentence: str
    reason: str
    checked_at: dt.datetime | None

    @property
    def is_warning(self) -> bool:
        return self.state in (State.LATE, State.FAILING)

    @property
    def label(self) -> str:
        return str(LABELS[self.state])


def freshness(repository: Repository, now: dt.datetime) -> Freshness:
    """How far one may trust what is known of a repository at `now`."""
    checked = repository.checked_at
    state = _state(repository, now)
    last = clock.relative(checked, now) if checked else _("never")
    following = _next(repository, now)
    since = clock.point(checked, now) if checked else ""
    match state:
        case State.PAUSED:
            words = _("Paused · checked %s") % last
            sentence = _("Nobody looks at this repository: it is paused. Below is the last known picture.")
        case State.NEW:
            words = _("Not looked at yet · first look %s") % following
            sentence = _("This repository has not been looked at yet; the first look comes %s.") % following
        case State.FAILING if checked is None:
            words = _("No answer yet · next %s") % following
            sentence = _("This registry has not answered yet, so nothing is known.")
        case State.FAILING:
            words = _("No good answer since %(since)s · next %(next)s") % {"since": since, "next": following}
            sentence = _("This registry has not answered since %s; below is the last known picture.") % since
        case State.LATE:
            words = _("Late: checked %s") % last
            sentence = (
                _("Nobody has looked since %s, more than two intervals ago; below is the last known picture.") % since
            )
        case _:
            words = _("Checked %(last)s · next %(next)s") % {"last": last, "next": following}
            sentence = ""
    return Freshness(state, words, sentence, repository.error, checked)


def _state(repository: Repository, now: dt.datetime) -> State:
    if not (repository.enabled and repository.registry.enabled):
        return State.PAUSED
    if repository.failures or repository.outcome == repository.Outcome.FAILED:
        return State.FAILING
    if repository.checked_at is None:
        return State.NEW
    if (now - repository.checked_at).total_seconds() > 2 * repository.every:
        return State.LATE
    return State.FRESH


def _next(repository: Repository, now: dt.datetime) -> str:
    if repository.next_poll_at <= now:
        return _("any moment")
    return _("in %s") % clock.duration(repository.next_poll_at - now)
