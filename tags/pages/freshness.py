"""Is what a page shows still so? The last look at a repository, or at one of its tags, in words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from tags.models import Coverage, Tag
from tags.pages import clock
from tags.pages.advice import PATIENCE, advice
from tags.registry import ServersDisagree

if TYPE_CHECKING:
    from tags.models import Registry, Repository
    from tags.models.looks import Looks
    from tags.pages.standing import Standing


class State(StrEnum):
    FRESH = "fresh"
    PARTIAL = "partial"  # the last look did not see everything
    LATE = "late"  # nobody looked for more than two intervals
    FAILING = "failing"
    PAUSED = "paused"
    NEW = "new"  # never looked at


LABELS = {
    State.FRESH: gettext_lazy("up to date"),
    State.PARTIAL: gettext_lazy("partly checked"),
    State.LATE: gettext_lazy("late"),
    State.FAILING: gettext_lazy("last look failed"),
    State.PAUSED: gettext_lazy("paused"),
    State.NEW: gettext_lazy("not looked at yet"),
}


@dataclass(frozen=True, slots=True)
class Freshness:
    """`words` fit a cell, `sentence` a banner; `reason` is what kind of thing went wrong in the last look, if any.

    Of trouble `retry` says when it is looked at again, and `advice` what the reader can do.
    """

    state: State
    words: str
    sentence: str
    reason: str
    checked_at: dt.datetime | None
    retry: str = ""
    advice: str = ""

    @property
    def is_warning(self) -> bool:
        return self.state in (State.PARTIAL, State.LATE, State.FAILING)

    @property
    def label(self) -> str:
        return str(LABELS[self.state])


def unsure_because(tag: Tag) -> str:
    """Why it is not known whether a tag still is where its last look saw it, untranslated; empty: that is known."""
    if tag.disputed_since is not None:
        return gettext_noop("the registry's servers disagree about this tag")
    return gettext_noop("this tag gave no answer") if gives_no_answer(tag) else ""


def gives_no_answer(tag: Tag) -> bool:
    """Whether the tag was passed by when its turn came last; after a complete look none was."""
    if tag.repository.checked_at is None or tag.repository.outcome == tag.repository.Outcome.COMPLETE:
        return False
    if tag.state == Tag.State.UNKNOWN:
        return True
    # Only a tag that keeps a time of its own may have missed its turn.
    turn = tag.repository.looks.of(tag.name, swept=tag.swept) if tag.looked_at else None
    return tag.looked_at is not None and turn is not None and tag.looked_at < turn


def swept_at(looks: Looks, tag: Standing | Tag) -> dt.datetime | None:
    """When the slow sweep last looked at a tag; None: it was looked at with all others."""
    at = (tag.looked_at or looks.of(tag.name, swept=True)) if tag.swept else None
    # The sweep counts in whole seconds.
    return at if at and looks.checked_at and at < looks.checked_at.replace(microsecond=0) else None


def freshness(repository: Repository, now: dt.datetime, tag: Tag | None = None) -> Freshness:
    """How far one may trust what is known of a repository, or of a tag of it, at `now`."""
    checked = tag.last_look if tag else repository.checked_at
    state = _state(repository, now)
    last = clock.relative(checked, now) if checked else _("never")
    due = _due(repository, now)
    following = clock.relative(due, now) if due > now else _("any moment")
    retry = what_to_do = ""
    if state in (State.FAILING, State.PARTIAL):
        retry = _("It is tried again %s.") % (clock.point(due, now) if due > now else _("any moment"))
        what_to_do = advice(repository.reason)
    since = clock.point(checked, now) if checked and state in (State.FAILING, State.LATE) else ""
    reason = Coverage.in_words(repository.reason) if repository.reason else ""
    facts = {"since": since, "last": last, "next": following, "reason": reason}
    if tag and unsure_because(tag) and state in (State.FRESH, State.PARTIAL):
        return _unsure(tag, facts, now, retry)
    match state:
        case State.PAUSED:
            words = _("Paused · checked %(last)s")
            sentence = _("Nobody looks at this repository: it is paused. Below is the last known picture.")
            what_to_do = _("Ask whoever runs RegistryViewer if it is to be looked at again.")
        case State.NEW:
            words = _("Not looked at yet · first look %(next)s")
            sentence = _("This repository has not been looked at yet; the first look comes %(next)s.")
        case State.FAILING if checked is None:
            words = _("No good look yet · next %(next)s")
            sentence = _("No look has succeeded yet, so nothing is known: %(reason)s.")
        case State.FAILING:
            words = _("No good look since %(since)s · next %(next)s")
            sentence = _("No good look since %(since)s: %(reason)s. Below is the last known picture.")
        case State.LATE:
            words = _("Late: checked %(last)s")
            sentence, what_to_do = _why_late(repository.registry)
        case State.PARTIAL:
            words = _("Partly checked %(last)s · next %(next)s")
            sentence = _("The last look was not whole: %(reason)s.")
            facts["last"] = clock.relative(_looked_at(repository) or now, now)
        case _ if tag and swept_at(tag.repository.looks, tag):
            words, sentence = _("Checked %(last)s, with the daily look"), ""
        case _:
            words, sentence = _("Checked %(last)s · next %(next)s"), ""
    return Freshness(state, words % facts, sentence % facts, reason, checked, retry, what_to_do)


def _why_late(registry: Registry) -> tuple[str, str]:
    """A sentence, and what can be done."""
    if registry.is_failing:
        sentence = _(
            "Nobody has looked since %(since)s, for the registry fails and looks wait until it is back; "
            "below is the last known picture."
        )
        return sentence, str(PATIENCE)
    sentence = _("Nobody has looked since %(since)s, more than two intervals ago; below is the last known picture.")
    return sentence, _("If that goes on, ask whoever runs RegistryViewer whether its worker runs.")


def _unsure(tag: Tag, facts: dict[str, str], now: dt.datetime, retry: str) -> Freshness:
    """Of a tag that alone is not known to be still where it was."""
    if tag.disputed_since:
        cause = ServersDisagree.reason
        words = _("The registry's servers disagree · checked %(last)s · next %(next)s")
        sentence = _("The registry's servers disagree about this tag since %(since)s; shown is what it was before.")
        facts = {**facts, "since": clock.point(tag.disputed_since, now)}
    else:
        cause = tag.repository.reason
        words = _("No answer for this tag · checked %(last)s · next %(next)s")
        sentence = _("In the last look this tag gave no answer: %(reason)s. Below is its last known picture.")
    reason = Coverage.in_words(cause) if cause else ""
    return Freshness(State.PARTIAL, words % facts, sentence % facts, reason, tag.last_look, retry, advice(cause))


def _state(repository: Repository, now: dt.datetime) -> State:
    if not (repository.enabled and repository.registry.enabled):
        return State.PAUSED
    if repository.failures or repository.outcome == repository.Outcome.FAILED:
        return State.FAILING
    looked = _looked_at(repository)
    if looked is None:
        return State.NEW
    if (now - looked).total_seconds() > 2 * repository.every:
        return State.LATE
    return State.PARTIAL if repository.outcome == repository.Outcome.PARTIAL else State.FRESH


def _looked_at(repository: Repository) -> dt.datetime | None:
    """When somebody last saw anything; a list in doubt is no complete look, and yet somebody looked."""
    is_partial = repository.outcome == repository.Outcome.PARTIAL
    return repository.polled_at if is_partial else repository.checked_at


def _due(repository: Repository, now: dt.datetime) -> dt.datetime:
    """When it is looked at next: not before its registry may be asked again."""
    return max(repository.next_poll_at, now + repository.registry.silence(now))
