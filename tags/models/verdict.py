"""How far a listing is to be believed, held against the tags that are known."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_noop

from tags.models.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tags import registry
    from tags.models.known import Known
    from tags.models.repository import Repository

# A registry that forgets more than half of this many tags at once is more likely broken than tidied up.
FEW_TAGS = 10


class Counts(NamedTuple):
    """Of how many tags a list, or a part of one, told what; `each_time` are those that every poll looks at."""

    listed: int = 0
    there: int = 0  # before it
    absent: int = 0  # of these, the ones that it left out
    silent: int = 0  # gave no sure answer
    silent_each_time: int = 0
    answered_each_time: int = 0
    kept: int = 0  # left out, and taken as listed

    def plus(self, other: Counts) -> Counts:
        return Counts(*map(sum, zip(self, other, strict=True)))

    @property
    def loses_most(self) -> bool:
        """Whether so much is left out that another list has to agree before it is believed."""
        return self.absent > 0 and (not self.listed or (self.there >= FEW_TAGS and 2 * self.absent > self.there))

    @property
    def most_are_silent(self) -> bool:
        """Whether most tags gave no answer, or most of those that each poll looks at."""
        return 2 * self.silent > self.listed or self.silent_each_time > self.answered_each_time


class Verdict:
    """What one poll's listing proves, and how the poll went.

    What a part of a list leaves out is `absent` and not yet `gone`: that is judged when the list has come to its end.
    """

    IN_DOUBT = gettext_noop("the list of tags is in doubt")

    def __init__(
        self,
        repository: Repository,
        listing: registry.Listing,
        known: Mapping[str, Known],
        now: dt.datetime,
        *,
        at_rest: int = 0,
    ) -> None:
        self.repository = repository
        self.listing = listing
        self.known = known
        self.now = now
        self.at_rest = at_rest  # tags that are there, and listed, besides the known ones

    # --- What it proves ------------------------------------------------------------------------------------------

    @property
    def believed(self) -> bool:
        """Whether everything that was asked for came, and makes sense."""
        return self.listing.complete and not self.doubted

    @property
    def proves_absence(self) -> bool:
        """Whether there are no tags but those it lists."""
        all_of_it = self.listing.proves_absence and self.listing.span.is_all
        return self.believed and all_of_it and len(self.gone) == len(self.absent)

    @property
    def doubted(self) -> bool:
        """Whether the list is such that it changes nothing until another one, an interval later, agrees."""
        return self.suspect and not self._confirmed

    @cached_property
    def suspect(self) -> bool:
        loses_any = self.listing.is_strange and self.counts.absent > 0
        return (loses_any or self.counts.loses_most) and self.listing.span.is_all

    @cached_property
    def _confirmed(self) -> list[Known]:
        """The tags that were left out by an earlier list too, at least one interval ago, and by all since."""
        settled = settled_since(self.repository, self.now)
        return [tag for tag in self.absent if tag.absent_since is not None and tag.absent_since <= settled]

    @property
    def gone(self) -> list[Known]:
        """The tags whose absence is proved."""
        if self.doubted or not self.listing.span.is_all:
            return []
        return self._confirmed if self.suspect else self.absent

    @property
    def leaving(self) -> list[Known]:
        """The tags whose absence is proved, or will be if the rest of a list in parts leaves them out too."""
        return self.gone if self.listing.span.is_all else self.absent

    @cached_property
    def absent(self) -> list[Known]:
        """The tags that are left out by a list which says that there are no others."""
        if not (self.listing.complete and self.listing.proves_absence):
            return []
        return [tag for tag in self._there if tag.name not in self.listing.tags]

    @cached_property
    def _there(self) -> list[Known]:
        return [tag for tag in self.known.values() if tag.state != Tag.State.REMOVED]

    @cached_property
    def counts(self) -> Counts:
        silent = self.listing.failures.keys()
        each_time = {tag.name for tag in self._there if not tag.swept and tag.state != Tag.State.UNKNOWN}
        answered = {seen.tag for seen in self.listing.observations}.union(self.listing.vouched)
        return Counts(
            listed=len(self.listing.tags),
            there=len(self._there) + self.at_rest,
            absent=len(self.absent),
            silent=len(silent),
            silent_each_time=len(silent & each_time),
            answered_each_time=len(answered & each_time),
            kept=len(self.listing.kept),
        )

    @cached_property
    def sent(self) -> dict[str, dt.datetime]:
        """The tags whose digest is sure now, and when they were asked for: vouched-for ones with the list."""
        if self.doubted:
            return {}
        vouched = (tag for tag in self._there if tag.name in self.listing.vouched)
        sent = {tag.name: self.listing.sent_at for tag in vouched if tag.state == Tag.State.PRESENT}
        return sent | {seen.tag: seen.sent_at for seen in self.listing.observations}

    # --- How it went ---------------------------------------------------------------------------------------------

    @property
    def outcome(self) -> str:
        outcomes = self.repository.Outcome
        if self.believed and not self.listing.failures:
            return outcomes.COMPLETE
        return outcomes.PARTIAL if self.listing.tags or self.doubted else outcomes.FAILED

    @property
    def error(self) -> str:
        """What went wrong, in words; empty when nothing did."""
        if self.doubted:
            return in_doubt(self.counts)
        if self.listing.complete and self.listing.failures:
            return not_all(self.counts, str(self.listing.error))
        return str(self.listing.error or "")

    @property
    def reason(self) -> str:
        """What kind of thing went wrong, for translators; empty when nothing did."""
        if self.doubted:
            return self.IN_DOUBT
        return self.listing.error.reason if self.listing.error else ""

    @property
    def gap_reason(self) -> str:
        """Why this poll leaves the repository unwatched, in words; empty when it was watched.

        A few tags that gave no answer are those tags' own matter: they carry the time of their last look.
        """
        watched = self.believed and not self.counts.most_are_silent
        return self.reason if self.doubted or not watched else ""


def settled_since(repository: Repository, now: dt.datetime) -> dt.datetime:
    """What was absent then already, and ever since, is gone."""
    return now - dt.timedelta(seconds=repository.every)


def in_doubt(counts: Counts) -> str:
    return (
        f"the list lost {counts.absent} of {counts.there} tags at once; "
        "nothing is changed until a second look, at least one interval later, agrees"
    )


def not_all(counts: Counts, error: str) -> str:
    return f"{counts.silent} of {counts.listed} tags could not be looked at: {error}"
