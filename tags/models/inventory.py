"""A list of tags that is too long for one poll: how far it was read, and what was found on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.db import models
from django.utils.translation import gettext_lazy as _

from tags.models.ending import Ending, is_failure
from tags.models.verdict import Counts, Verdict, in_doubt, not_all, settled_since
from tags.registry import (
    Busy,
    Cancelled,
    OutOfOrder,
    OutOfTime,
    Place,
    RateLimited,
    ServerError,
    Span,
    TimedOut,
    Unreachable,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from tags.models.looks import Looks
    from tags.models.recording import Recording
    from tags.models.tag import TagQuerySet

# After these the next page may be asked for once more; after any other error the list is read from its beginning.
PASSING = (Busy, Cancelled, OutOfTime, RateLimited, ServerError, TimedOut, Unreachable)


class Inventory(models.Model):
    """One row for each repository whose list came in parts; `begun_at` is set while one is being read.

    What has to be known of the parts before stands here, so that any worker may go on with the next one.
    """

    repository = models.OneToOneField(
        "Repository", on_delete=models.CASCADE, primary_key=True, related_name="inventory"
    )
    comes_sorted = models.BooleanField(default=True, editable=False)  # else it cannot be read in parts
    begun_at = models.DateTimeField(null=True, editable=False)
    query = models.TextField(blank=True, editable=False)  # of the page that the next part begins with
    after = models.CharField(max_length=128, blank=True, editable=False)  # the last name that was read
    is_read = models.BooleanField(default=False, editable=False)  # to its end: what it left out is being removed
    is_doubted = models.BooleanField(default=False, editable=False)  # it left out so much that nothing is removed yet
    slices = models.JSONField(default=list, editable=False)  # of the sweep, that it looks at
    looked = models.JSONField(default=dict, editable=False)  # slice -> epoch seconds: wholly looked at in all parts
    counts = models.JSONField(default=list, editable=False)  # see Counts
    refused_names = models.PositiveIntegerField(default=0, editable=False)
    refused_example = models.TextField(blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)  # the last of a single tag
    reason = models.TextField(blank=True, editable=False)
    retry_after = models.FloatField(null=True, editable=False)
    parts = models.JSONField(default=list, editable=False)  # after, upto, and fingerprint of the names that are there

    class Meta:
        verbose_name = _("inventory")
        verbose_name_plural = _("inventories")

    def __str__(self) -> str:
        return f"inventory of {self.repository}"

    @property
    def place(self) -> Place | None:
        """Where the next part begins; None: at the beginning."""
        return Place(self.query, self.after) if self.query else None

    @property
    def total(self) -> Counts:
        """Of all parts so far."""
        return Counts(*self.counts)

    def fingerprint_of(self, span: Span) -> str:
        """That of the names that are there in just this span; empty where it is not known."""
        return {Span(after, upto): found for after, upto, found in self.parts}.get(span, "")

    def forget(self, span: Span) -> None:
        """Names may have come or gone in this span: what was known of them is not known any more."""
        self.parts = [part for part in self.parts if not Span(*part[:2]).meets(span)]

    def begin(self) -> None:
        """The next list is to be read from its beginning."""
        self.begun_at, self.query, self.after = None, "", ""
        self.is_read = self.is_doubted = False
        self.slices, self.looked, self.counts = [], {}, []
        self.error, self.reason, self.retry_after = "", "", None
        self.refused_names, self.refused_example = 0, ""

    def add(self, recording: Recording, slices: Iterable[int]) -> None:
        """A part was read, and is written down; the first one was to look at these slices of the sweep, as all are."""
        listing, counts = recording.listing, recording.verdict.counts
        looked = {str(number): at for number, at in recording.slices.items()}
        if self.begun_at is None:
            self.begun_at, self.slices, self.looked = listing.sent_at, sorted(slices), looked
        else:
            self.looked = _earlier_of_both(self.looked, looked)
        self.query, self.after = listing.goes_on_at or ("", "")
        self.counts = list(self.total.plus(counts))
        self.forget(listing.span)
        if listing.proves_absence and not counts.absent:  # which are there until the list has come to its end
            self.parts.append([*listing.span, recording.fingerprint])
        self.refused_names += listing.refused_names
        self.refused_example = self.refused_example or listing.refused_example
        if listing.error:
            self.error, self.reason = str(listing.error), listing.error.reason
            self.retry_after = listing.error.retry_after
        if listing.goes_on_at is None:
            self.is_read = True
            self.is_doubted = self.total.loses_most and not self.left_out(recording.now).exists()

    def left_out(self, now: dt.datetime) -> TagQuerySet:
        """The tags whose absence is proved once all of the list is read."""
        absent = self.repository.tags.restless().exclude(absent_since=None)
        return absent.filter(absent_since__lte=settled_since(self.repository, now)) if self.total.loses_most else absent

    def ending(self, looks: Looks) -> Ending:
        """What the whole list came to, of which a part was read at least; `looks` are the clocks from before it."""
        begun_at = cast("dt.datetime", self.begun_at)
        counts = self.total
        outcomes = type(self.repository).Outcome
        error = in_doubt(counts) if self.is_doubted else not_all(counts, self.error) if counts.silent else ""
        reason = Verdict.IN_DOUBT if self.is_doubted else self.reason
        gap_reason = reason if self.is_doubted or counts.most_are_silent else ""
        slices = {int(number): at for number, at in self.looked.items()}
        return Ending(
            sent_at=begun_at,
            outcome=outcomes.PARTIAL if error else outcomes.COMPLETE,
            error=error,
            reason=reason,
            gap_reason=gap_reason,
            has_failed=is_failure(self.error, reason, gap_reason),
            retry_after=self.retry_after,
            is_doubted=self.is_doubted,
            is_believed=not self.is_doubted,
            proves_absence=not self.is_doubted,
            lists_all=not counts.kept,
            fingerprint="",
            cursor="",
            looks=looks if self.is_doubted else looks.set_on(begun_at, slices),
            refused_names=self.refused_names,
            refused_example=self.refused_example,
        )

    def note_end(self, recording: Recording) -> None:
        """A list came whole, or its next part did not come."""
        error = recording.listing.error
        if isinstance(error, OutOfOrder):
            self.comes_sorted = False
        if recording.redrawn:
            self.forget(recording.listing.span)
        if recording.listing.complete or not isinstance(error, PASSING):
            self.begin()


def _earlier_of_both(some: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    return {number: min(at, others[number]) for number, at in some.items() if number in others}
