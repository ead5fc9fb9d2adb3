"""What a poll saw, held against what is known: the one place where tags and movements are written."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from tags.models.image import Image
from tags.models.movement import Movement
from tags.models.naming import Naming
from tags.models.tag import BATCH, Tag
from tags.timeline import Kind
from tags.versions import Role

if TYPE_CHECKING:
    from tags import registry
    from tags.models.repository import Repository

# A registry that forgets more than half of this many tags at once is more likely broken than tidied up.
FEW_TAGS = 10


class Known(NamedTuple):
    """A tag as it stands in the database: a row, for most of a poll's tags turn out not to have changed."""

    id: int
    name: str
    role: str
    role_by_hand: bool
    state: str
    digest: str | None
    after: dt.datetime | None
    before: dt.datetime
    first_seen_at: dt.datetime
    moved: bool
    looked_at: dt.datetime | None
    absent_since: dt.datetime | None
    missing_since: dt.datetime | None


class Recording:
    """One poll's worth of writing, inside the transaction that `Repository.record()` opened."""

    def __init__(self, repository: Repository, listing: registry.Listing, now: dt.datetime) -> None:
        self.repository = repository
        self.listing = listing
        self.now = now
        rows = repository.tags.values_list(*Known._fields)
        self.known = {row.name: row for row in map(Known._make, rows.iterator())}
        self.touched: dict[str, Tag] = {}  # tags with something to save
        self.movements: list[Movement] = []
        self.redrawn = False  # a name came, went or points elsewhere: roles have to be thought over

    # --- How it went ---------------------------------------------------------------------------------------------

    @property
    def believed(self) -> bool:
        """Whether the list is proof of which tags there are."""
        return self.listing.complete and not self.doubted

    @property
    def doubted(self) -> bool:
        """Whether the list leaves out so much that it changes nothing until another, an interval later, agrees."""
        return self._suspect and not self._confirmed

    @cached_property
    def _suspect(self) -> bool:
        if not self.absent:
            return False
        return not self.listing.tags or (self._number_there >= FEW_TAGS and 2 * len(self.absent) > self._number_there)

    @cached_property
    def _confirmed(self) -> list[Known]:
        """The tags that were left out by an earlier list too, at least one interval ago, and by all since."""
        settled = self.now - dt.timedelta(seconds=self.repository.every)
        return [tag for tag in self.absent if tag.absent_since is not None and tag.absent_since <= settled]

    @property
    def _gone(self) -> list[Known]:
        """The tags whose absence is proved."""
        if self.doubted:
            return []
        return self._confirmed if self._suspect else self.absent

    @cached_property
    def absent(self) -> list[Known]:
        """The tags that a complete list leaves out."""
        listed = self.listing.tags
        return [
            tag
            for tag in self.known.values()
            if self.listing.complete and tag.state != Tag.State.REMOVED and tag.name not in listed
        ]

    @cached_property
    def _number_there(self) -> int:
        return sum(tag.state != Tag.State.REMOVED for tag in self.known.values())

    @property
    def looked_at(self) -> dt.datetime:
        """When the first of the looks at single tags was sent: every tag was looked at then or later."""
        return min((seen.sent_at for seen in self.listing.observations), default=self.listing.sent_at)

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
    def gap_reason(self) -> str:
        """Why this poll leaves the repository unwatched, in words; empty when it was watched.

        A few tags that gave no answer are those tags' own matter: they carry the time of their last look.
        """
        if self.doubted:
            return "the list of tags is in doubt"
        watched = self.believed and len(self.listing.failures) <= len(self.listing.observations)
        return "" if watched or not self.listing.error else self.listing.error.reason

    # --- Writing -------------------------------------------------------------------------------------------------

    def write(self) -> list[Movement]:
        """Save what changed, and nothing for what did not; returns the movements."""
        if not self.doubted:
            for seen in self.listing.observations:
                self._observe(seen)
            for name in self.listing.failures:
                self._keep(name)
        for known in self._gone:
            self._remove(self._tag(known))
        self._note_presence_and_absence()
        if self.redrawn:
            naming = Naming(self.repository, self.known, self.touched, self.movements, self.listing.sent_at)
            naming.settle()
        self._save()
        return self.movements

    def _tag(self, known: Known) -> Tag:
        """The tag of a row, to be changed and saved."""
        tag = self.touched.get(known.name)
        if tag is None:
            tag = self.touched[known.name] = Tag(repository=self.repository, **known._asdict())
        return tag

    def _save(self) -> None:
        fields = ["role", "state", "digest", "after", "before", "moved", "looked_at", "absent_since", "missing_since"]
        Tag.objects.bulk_create([tag for tag in self.touched.values() if tag.pk is None], batch_size=BATCH)
        old = [tag for tag in self.touched.values() if tag.name in self.known]
        Tag.objects.bulk_update(old, fields, batch_size=BATCH)
        Movement.objects.bulk_create(self.movements, batch_size=BATCH)
        touched = {tag.digest for tag in self.touched.values()}
        Image.objects.remember(
            {
                seen.digest: seen.media_type or ""
                for seen in self.listing.observations
                if seen.digest is not None and seen.digest in touched
            }
        )

    # --- Doubt ---------------------------------------------------------------------------------------------------

    def _note_presence_and_absence(self) -> None:
        """What is listed, if only by half a list, is not absent; what a doubtful list leaves out may be."""
        for known in self.known.values():
            if known.absent_since is not None and known.name in self.listing.tags:
                self._tag(known).absent_since = None
        for known in self.absent if self._suspect else ():
            tag = self._tag(known)
            if tag.state != Tag.State.REMOVED:
                tag.absent_since = tag.absent_since or self.listing.received_at
                tag.looked_at = tag.looked_at or self.repository.checked_at

    # --- One tag -------------------------------------------------------------------------------------------------

    def _observe(self, seen: registry.Observation) -> None:
        known = self.known.get(seen.tag)
        if known is None:
            tag = self._meet(seen.tag, seen.received_at)
        elif self._is_as_known(known, seen):
            if self.believed and known.looked_at is not None:
                self._tag(known).looked_at = None
            return
        else:
            tag = self._tag(known)
        if seen.digest is None:
            self._miss(tag, seen)
        elif tag.digest == seen.digest:
            tag.state, tag.missing_since = Tag.State.PRESENT, None
        else:
            self._point(tag, seen)
        # Without a complete list the tag's own look is the only one to go by.
        tag.looked_at = None if self.believed else seen.sent_at

    @staticmethod
    def _is_as_known(known: Known, seen: registry.Observation) -> bool:
        if seen.digest is None:
            return known.state == Tag.State.MISSING
        return known.state == Tag.State.PRESENT and known.digest == seen.digest

    def _meet(self, name: str, at: dt.datetime) -> Tag:
        """A name nobody has seen before; what it points to is another question."""
        tag = Tag(
            repository=self.repository,
            name=name,
            role=Role.VERSION,
            state=Tag.State.UNKNOWN,
            after=_bound(self.repository.listed_at, at),
            before=at,
            first_seen_at=at,
        )
        self.touched[name] = tag
        self.redrawn = True
        return tag

    def _point(self, tag: Tag, seen: registry.Observation) -> None:
        """The tag points to a digest that it did not point to when last seen."""
        after = self._last_seen_otherwise(tag)
        if seen.pushed_at and (after is None or after <= seen.pushed_at) and seen.pushed_at <= seen.received_at:
            before, source = seen.pushed_at, Movement.Source.PUSH_TIME
            after = seen.pushed_at if after is not None else None
        else:
            before, source = seen.received_at, Movement.Source.POLL
        if after is not None or tag.digest is not None:  # what the first listing holds was there before anyone looked
            kind = Kind.CHANGED if tag.digest is not None else Kind.APPEARED
            self._move(tag, kind, seen.digest, after, before, source)
        tag.state, tag.digest, tag.missing_since = Tag.State.PRESENT, seen.digest, None
        tag.after, tag.before = _bound(after, before), before

    def _last_seen_otherwise(self, tag: Tag) -> dt.datetime | None:
        """When the last request was sent whose answer was not yet what is so now; None: there was none."""
        if tag.state == Tag.State.UNKNOWN:
            return tag.after
        if tag.state == Tag.State.REMOVED:
            return self.repository.listed_at
        return tag.looked_at or self.repository.checked_at

    def _miss(self, tag: Tag, seen: registry.Observation) -> None:
        """The tag is listed, but there is no image behind it: neither gone nor moved."""
        tag.state, tag.missing_since = Tag.State.MISSING, seen.received_at
        self.redrawn = True

    def _keep(self, name: str) -> None:
        """The tag is listed and gave no sure answer: remember when it last did, for the repository's time moves on."""
        known = self.known.get(name)
        if known is None:
            self._meet(name, self.listing.received_at)
        elif known.state == Tag.State.REMOVED:
            tag = self._tag(known)
            at = self.listing.received_at
            tag.state, tag.after, tag.before = Tag.State.UNKNOWN, _bound(self.repository.listed_at, at), at
            self.redrawn = True
        elif known.state != Tag.State.UNKNOWN and known.looked_at is None and self.believed:
            self._tag(known).looked_at = self.repository.checked_at

    def _remove(self, tag: Tag) -> None:
        before = tag.absent_since or self.listing.received_at
        if tag.digest is not None:
            self._move(tag, Kind.REMOVED, None, self.repository.listed_at, before, Movement.Source.POLL)
        tag.state, tag.digest = Tag.State.REMOVED, None
        tag.absent_since = tag.looked_at = tag.missing_since = None
        tag.after, tag.before = _bound(self.repository.listed_at, before), before
        self.redrawn = True

    def _move(
        self,
        tag: Tag,
        kind: Kind,
        to_digest: str | None,
        after: dt.datetime | None,
        before: dt.datetime,
        source: str,
    ) -> None:
        self.redrawn = True
        tag.moved = tag.moved or kind == Kind.CHANGED
        self.movements.append(
            Movement(
                tag=tag,
                repository=self.repository,
                kind=kind,
                from_digest=tag.digest,
                to_digest=to_digest,
                after=_bound(after, before),
                before=before,
                source=source,
                found_at=self.now,
            )
        )


def _bound(after: dt.datetime | None, before: dt.datetime) -> dt.datetime | None:
    """A clock that was set back must not turn an interval inside out."""
    return min(after, before) if after is not None else None
