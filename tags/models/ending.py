"""What a look at a repository came to, when all of it was seen or no more will be."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tags.registry import ServersDisagree

if TYPE_CHECKING:
    import datetime as dt

    from tags.models.looks import Looks
    from tags.models.verdict import Verdict
    from tags.registry import Listing


def is_failure(error: str, reason: str, gap_reason: str) -> bool:
    """Whether it was the registry's fault that it was not watched, and a later look may have more luck.

    One whose servers disagree has answered: the sooner it is looked at again, the sooner it is known that they agree.
    """
    return bool(error and gap_reason) and reason != ServersDisagree.reason


class Ending(NamedTuple):
    """`gap_reason` is empty when the repository was watched, `error` and `reason` when nothing went wrong.

    `fingerprint` is that of the names that are there, empty where it is not known; `retry_after` in seconds. Of what
    the list names and is no tag's name there is a number, and an example.
    """

    sent_at: dt.datetime
    outcome: str
    error: str
    reason: str
    gap_reason: str
    has_failed: bool  # for a reason of the registry's
    retry_after: float | None
    is_doubted: bool
    is_believed: bool
    proves_absence: bool
    lists_all: bool  # else more may be there that nobody has heard of yet
    fingerprint: str
    cursor: str
    looks: Looks
    refused_names: int
    refused_example: str

    @classmethod
    def of_poll(cls, listing: Listing, verdict: Verdict, fingerprint: str, looks: Looks) -> Ending:
        return cls(
            sent_at=listing.sent_at,
            outcome=verdict.outcome,
            error=verdict.error,
            reason=verdict.reason,
            gap_reason=verdict.gap_reason,
            has_failed=is_failure(str(listing.error or ""), verdict.reason, verdict.gap_reason),
            retry_after=listing.error.retry_after if listing.error else None,
            is_doubted=verdict.doubted,
            is_believed=verdict.believed,
            proves_absence=verdict.proves_absence,
            lists_all=not verdict.counts.kept,
            fingerprint=fingerprint,
            cursor=listing.cursor,
            looks=looks,
            refused_names=listing.refused_names,
            refused_example=listing.refused_example,
        )
