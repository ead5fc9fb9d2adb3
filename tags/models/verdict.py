"""How far a listing is to be believed, held against the tags that are known."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop

from tags.models.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tags import registry
    from tags.models.known import Known
    from tags.models.repository import Repository

# A registry that forgets more than half of this many tags at once is more likely broken than tidied up.
FEW_TAGS = 10


class Verdict:
    """What one poll's listing proves, and how the poll went."""

    IN_DOUBT = gettext_noop("the list of tags is in doubt")

    def __init__(
        self, repository: Repository, listing: registry.Listing, known: Mapping[str, Known], now: dt.datetime
    ) -> None:
        self.repository = repository
        self.listing = listing
        self.known = known
        self.now = now

    # --- What it proves ------------------------------------------------------------------------------------------

    @property
    def believed(self) -> bool:
        """Whether everything that was asked for came, and makes sense."""
        return self.listing.complete and not self.doubted

    @property
    def proves_absence(self) -> bool:
        """Whether there are no tags but those it lists."""
        return self.believed and self.listing.proves_absence

    @property
    def doubted(self) -> bool:
        """Whether the list leaves out so much that it changes nothing until another, an interval later, agrees."""
        return self.suspect and not self._confirmed

    @cached_property
    def suspect(self) -> bool:
        if not self.absent:
            return False
        return not self.listing.tags or (self._number_there >= FEW_TAGS and 2 * len(self.absent) > self._number_there)

    @cached_property
    def _confirmed(self) -> list[Known]:
        """The tags that were left out by an earlier list too, at least one interval ago, and by all since."""
        settled = self.now - dt.timedelta(seconds=self.repository.every)
        return [tag for tag in self.absent if tag.absent_since is not None and tag.absent_since <= settled]

    @property
    def gone(self) -> list[Known]:
        """The tags whose absence is proved."""
        if self.doubted:
            return []
        return self._confirmed if self.suspect else self.absent

    @cached_property
    def absent(self) -> list[Known]:
        """The tags that are left out by a list which says that there are no others."""
        if not (self.listing.complete and self.listing.proves_absence):
            return []
        return [tag for tag in self._there if tag.name not in self.listing.tags]

    @cached_property
    def _there(self) -> list[Known]:
        return [tag for tag in self.known.values() if tag.state != Tag.State.REMOVED]

    @property
    def _number_there(self) -> int:
        return len(self._there)

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
            return (
                f"the list lost {len(self.absent)} of {self._number_there} tags at once; "
                "nothing is changed until a second look, at least one interval later, agrees"
            )
        if self.listing.complete and self.listing.failures:
            failed, listed = len(self.listing.failures), len(self.listing.tags)
            return f"{failed} of {listed} tags could not be looked at: {self.listing.error}"
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
        watched = self.believed and not self._most_are_silent
        return self.reason if self.doubted or not watched else ""

    @property
    def _most_are_silent(self) -> bool:
        """Whether most tags gave no answer, or most of those that each poll looks at."""
        silent = self.listing.failures.keys()
        each_time = {tag.name for tag in self._there if not tag.swept and tag.state != Tag.State.UNKNOWN}
        return 2 * len(silent) > len(self.listing.tags) or len(silent & each_time) > len(self.sent.keys() & each_time)
