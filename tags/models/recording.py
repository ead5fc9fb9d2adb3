"""What a poll saw, held against what is known: what that makes of tags and movements is written here."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tags.models.doubt import AskAgain, Going, hasty, returning
from tags.models.ending import Ending
from tags.models.image import Image
from tags.models.known import Known, as_now
from tags.models.looks import whole_slices
from tags.models.movement import Movement
from tags.models.naming import Naming
from tags.models.spells import SECOND, History, Told
from tags.models.sweep import slice_of
from tags.models.tag import BATCH, Tag, is_swept
from tags.models.turn import fingerprint
from tags.models.verdict import Verdict
from tags.registry import Listing, ServersDisagree
from tags.timeline import Kind
from tags.versions import Role

if TYPE_CHECKING:
    from tags import registry
    from tags.models.inventory import Inventory
    from tags.models.looks import Looks
    from tags.models.repository import Repository
    from tags.models.tag import TagQuerySet


AT_ONCE = 5_000  # tags that are removed in one transaction
MANY = BATCH  # looks, of which most find what was there


class Recording:
    """One poll's worth of writing, inside the transaction that `Repository.record()` opened."""

    def __init__(
        self, repository: Repository, listing: registry.Listing, now: dt.datetime, inventory: Inventory | None = None
    ) -> None:
        self.repository = repository
        self.listing = listing
        self.now = now
        self.tags = repository.tags.within(listing.span)
        self.fingerprint = fingerprint(listing.tags)
        self.known_fingerprint = inventory.fingerprint_of(listing.span) if inventory else repository.fingerprint
        self.known = self._read_what_counts()
        # The listed tags of which no row was read: versions, known by name, that rest where they are.
        self.at_rest = listing.tags - self.known.keys() if self._knows_all_names else frozenset()
        self.verdict = Verdict(repository, listing, self.known, now, at_rest=len(self.at_rest))
        self.history = History(listing.history)
        self.looks = repository.looks  # the clocks as they were before this poll, until `write()` sets them on
        self.slices: dict[int, int] = {}  # of the sweep, that were looked at wholly: number -> epoch seconds
        self.touched: dict[str, Tag] = {}  # tags with something to save
        self.movements: list[Movement] = []
        self.disputed: set[str] = set()  # tags that are marked so, and were looked at
        self.redrawn = False  # a name came, went or points elsewhere: roles have to be thought over

    def write(self) -> list[Movement]:
        """Save what changed, and nothing for what did not; returns the movements. Raises AskAgain."""
        if not self.verdict.doubted:
            for seen in self.listing.observations:
                if seen.tag not in self.at_rest:
                    self._observe(seen)
            self._make_sure()
            for name in (*self.listing.failures, *self.listing.vouched, *(self.listing.skipped - self.at_rest)):
                self._keep(name)
        for known in self.verdict.gone:
            self._remove(self._tag(known))
        if self.verdict.proves_absence:
            self._recall()
        self._note_presence_and_absence()
        self._note_disputes()
        self._note_wishes_met()
        if self.redrawn:
            self._read_the_rest()
            self._name()
        self._settle_looks()
        self._save()
        return self.movements

    @property
    def ending(self) -> Ending:
        known = self.known_fingerprint if not self.redrawn else ""
        left = self.fingerprint if self.verdict.proves_absence else known
        return Ending.of_poll(self.listing, self.verdict, left, self.looks)

    def _name(self) -> None:
        whole = self.listing.span.is_all  # else there are tags of which no row was read
        naming = Naming(self.repository, self.known, self.touched, self.movements, self.listing.sent_at, is_whole=whole)
        naming.settle()

    @property
    def _knows_all_names(self) -> bool:
        """Whether just the tags are listed that are there as far as anyone knows, and are all there is to be said."""
        listing = self.listing
        return self.fingerprint == self.known_fingerprint and not listing.vouched and not listing.history

    def _read_what_counts(self) -> dict[str, Known]:
        """Of a million tags that are where they were, next to none."""
        tags = self.tags
        asked = {seen.tag for seen in self.listing.observations}.union(self.listing.failures)
        if self._knows_all_names and len(asked) > MANY:
            asked -= self._stayed()
        if not self._knows_all_names or len(asked) > BATCH:
            return self._read(tags.order_by())
        return self._read(tags.restless().order_by()) | self._read(tags.filter(name__in=asked).order_by())

    def _stayed(self) -> set[str]:
        """The tags at rest that were seen where they were, all of which have had their turn with this."""
        if self.listing.failures or not self.listing.complete:
            return set()
        digests = {seen.tag: seen.digest for seen in self.listing.observations}
        rows = self.tags.at_rest().order_by().values_list("name", "digest")
        return {name for name, digest in rows if digests.get(name) == digest}

    @staticmethod
    def _read(tags: TagQuerySet) -> dict[str, Known]:
        return {row.name: row for row in map(Known._make, tags.values_list(*Known._fields))}

    def _read_the_rest(self) -> None:
        """What is called how depends on all tags of the repository."""
        if self.at_rest:
            self.known |= {name: row for name, row in self._read(self.tags.order_by()).items() if name in self.at_rest}
            self.at_rest = frozenset()

    def _tag(self, known: Known) -> Tag:
        """The tag of a row, to be changed and saved."""
        tag = self.touched.get(known.name)
        if tag is None:
            tag = self.touched[known.name] = Tag(repository=self.repository, **known._asdict())
        return tag

    def _save(self) -> None:
        fields = [
            "role", "state", "digest", "after", "before", "first_seen_at", "moved",
            "looked_at", "swept", "wanted_at", "absent_since", "missing_since", "missing_after", "disputed_since",
        ]  # fmt: skip
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

    def _make_sure(self) -> None:
        """Raise AskAgain, unless that was done, for what a server may say that is out of step with the others."""
        seen_elsewhere = (move for move in self.movements if move.source != Movement.Source.HISTORY)
        going = [Going(known, move.to_digest) for move in seen_elsewhere if (known := self.known.get(move.tag.name))]
        leaving = {known.name for known in self.verdict.leaving}
        moving = hasty(self.repository, going, self.now) | returning(self.repository, going, self.now)
        if unsure := (self.disputed | leaving | moving) - self.listing.asked_again:
            raise AskAgain(unsure)

    def _note_disputes(self) -> None:
        """What not all servers said the same of stays as it was known, and is marked until they do."""
        for name, error in self.listing.failures.items():
            known = self.known.get(name)
            if known is not None and known.disputed_since is None and isinstance(error, ServersDisagree):
                self._tag(known).disputed_since = self.now

    def _note_presence_and_absence(self) -> None:
        """What is listed, if only by half a list, is not absent; what a doubtful list leaves out may be.

        Nor is any tag, as far as one can tell, after a list of which that is known to prove nothing.
        """
        proves_nothing = self.listing.complete and not self.listing.proves_absence
        for known in self.known.values():
            if known.absent_since is not None and (proves_nothing or known.name in self.listing.tags):
                self._tag(known).absent_since = None
        is_judged_later = self.verdict.suspect or not self.listing.span.is_all
        for known in self.verdict.absent if is_judged_later else ():
            tag = self._tag(known)
            if tag.state != Tag.State.REMOVED:
                tag.absent_since = tag.absent_since or self.listing.received_at

    def _note_wishes_met(self) -> None:
        """Who wanted a tag looked at gets no second look, unless the wish came after this one was under way."""
        for known in self.known.values():
            sent = self.verdict.sent.get(known.name)
            if known.wanted_at is not None and sent is not None and known.wanted_at <= sent:
                self._tag(known).wanted_at = None

    # --- When each tag was looked at -----------------------------------------------------------------------------

    def _settle_looks(self) -> None:
        """Set the clocks on, and give a time of its own to each tag of which they would not tell the truth."""
        before = self.looks
        is_part = not self.listing.span.is_all
        there = [tag for tag in as_now(self.known, self.touched) if tag.state != Tag.State.REMOVED]
        if self.verdict.believed:
            sent, otherwise = self.verdict.sent, self.listing.sent_at
            names = {tag.name for tag in there if is_swept(tag.role, tag.state)} | self.at_rest
            if names or is_part:
                self.slices = whole_slices(names, sent, self.listing.failures, otherwise)
            self.looks = before.set_on(min(sent.values(), default=otherwise), self.slices)
        for tag in there:
            is_now = is_swept(tag.role, tag.state)
            had_its_turn = slice_of(tag.name) in self.slices if is_now else self.verdict.believed
            looked_at = self._own_look(tag, before, is_now, had_its_turn)
            if (looked_at, is_now) != (tag.looked_at, tag.swept):
                changed = self._tag(tag) if isinstance(tag, Known) else tag
                changed.looked_at, changed.swept = looked_at, is_now

    def _own_look(self, tag: Known | Tag, before: Looks, swept: bool, had_its_turn: bool) -> dt.datetime | None:
        """When a tag was last looked at, unless the clock that it goes by from now on says so."""
        sent = self.verdict.sent.get(tag.name)
        if sent is not None:
            return None if had_its_turn else sent
        if tag.looked_at or tag.state == Tag.State.UNKNOWN:
            return tag.looked_at
        last = before.of(tag.name, swept=tag.swept)
        return None if last == self.looks.of(tag.name, swept=swept) else last

    # --- One tag -------------------------------------------------------------------------------------------------

    def _observe(self, seen: registry.Observation) -> None:
        known = self.known.get(seen.tag)
        looked_at = self._last_seen_otherwise(known) if known else self.repository.listed_at
        told = self._told(seen.tag, known, seen.digest, looked_at, seen.received_at) if seen.digest else []
        if known is not None and not told and (self._is_as_known(known, seen) or _is_older(seen, looked_at)):
            return
        tag = self._meet(seen.tag, seen.received_at) if known is None else self._tag(known)
        if tag.disputed_since is not None:
            self.disputed.add(tag.name)
            tag.disputed_since = None
        for move in told:
            self._follow(tag, move, seen.received_at)
        if seen.digest is None:
            self._miss(tag, seen)
        elif tag.digest == seen.digest:
            tag.state = Tag.State.PRESENT
            tag.missing_since = tag.missing_after = None
        else:
            self._point(tag, seen)

    @staticmethod
    def _is_as_known(known: Known, seen: registry.Observation) -> bool:
        if known.disputed_since is not None:
            return False
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
        after, before, source = self._last_seen_there(tag), seen.received_at, Movement.Source.POLL
        if pushed := seen.pushed_at:
            latest = pushed + _grain(pushed)
            if pushed <= before and (after is None or after <= latest):
                before, source = min(latest, before), Movement.Source.PUSH_TIME
                if after is not None and not seen.pushed_again:
                    after = max(after, pushed)
        if after is not None or tag.digest is not None:  # what the first listing holds was there before anyone looked
            kind = Kind.CHANGED if tag.digest is not None else Kind.APPEARED
            self._move(tag, kind, seen.digest, after, before, source)
        tag.state, tag.digest = Tag.State.PRESENT, seen.digest
        tag.missing_since = tag.missing_after = None
        tag.after, tag.before = _bound(after, before), before

    def _last_seen_otherwise(self, tag: Known | Tag) -> dt.datetime | None:
        """When the last request was sent whose answer was not yet what is so now; None: there was none."""
        if tag.state == Tag.State.UNKNOWN:
            return tag.after
        if tag.state == Tag.State.REMOVED:
            return self.repository.listed_at
        last = tag.looked_at or self.looks.of(tag.name, swept=tag.swept)
        # Until a list that comes in parts has come to its end, the clocks say when the one before was read.
        return max((at for at in (last, tag.after) if at), default=None)

    def _last_seen_there(self, tag: Known | Tag) -> dt.datetime | None:
        """The same where a tag leaves a digest: it may have left that before a look which found no image behind it."""
        if tag.state == Tag.State.MISSING and tag.missing_after:
            return tag.missing_after
        return self._last_seen_otherwise(tag)

    def _miss(self, tag: Tag, seen: registry.Observation) -> None:
        """The tag is listed, but there is no image behind it: neither gone nor moved."""
        if tag.state == Tag.State.PRESENT:
            tag.missing_after = self._last_seen_otherwise(tag)
        tag.state, tag.missing_since = Tag.State.MISSING, tag.missing_since or seen.received_at
        self.redrawn = True

    def _keep(self, name: str) -> None:
        """The tag is listed, and nobody said what it points to now."""
        known = self.known.get(name)
        at = self.listing.received_at
        if known is None:
            self._meet(name, at)
        elif known.state == Tag.State.REMOVED:
            tag = self._tag(known)
            tag.state, tag.after, tag.before = Tag.State.UNKNOWN, _bound(self.repository.listed_at, at), at
            self.redrawn = True

    def _remove(self, tag: Tag) -> None:
        listed_at, before = self.repository.listed_at, tag.absent_since or self.listing.received_at
        for move in self._told(tag.name, tag, None, listed_at, before):
            self._follow(tag, move, before)
        if tag.digest is not None:
            # A list tells that a tag is there, not where: what is meant to move may have moved since the last look.
            seen_at = listed_at if tag.swept else self._last_seen_there(tag)
            after = max((at for at in (seen_at, tag.after) if at), default=None)
            self._move(tag, Kind.REMOVED, None, after, before, Movement.Source.POLL)
            tag.after, tag.before = _bound(after, before), before
        elif tag.state != Tag.State.REMOVED:
            tag.after, tag.before = self._last_gone(tag) or (_bound(listed_at, before), before)
        tag.state, tag.digest, tag.swept = Tag.State.REMOVED, None, False
        tag.absent_since = tag.looked_at = tag.wanted_at = tag.disputed_since = None
        tag.missing_since = tag.missing_after = None
        self.redrawn = True

    @staticmethod
    def _last_gone(tag: Tag) -> tuple[dt.datetime | None, dt.datetime] | None:
        """When it was removed, of a tag that was listed again since but never found; None: it never was."""
        if tag.first_seen_at == tag.before:
            return None
        return Movement.objects.filter(tag=tag.pk).order_by("before", "pk").values_list("after", "before").last()

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
        if kind == Kind.APPEARED and tag.state == Tag.State.UNKNOWN:
            # A registry that tells when it came knows of a time in which it was there and nobody had seen it yet.
            tag.first_seen_at = min(tag.first_seen_at, before)
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
                # What a poll finds at once need not have happened together, when the registry tells each time.
                found_at=self.now if source == Movement.Source.POLL else before,
            )
        )

    # --- What the registry's own history tells -------------------------------------------------------------------

    def _told(
        self, name: str, tag: Known | Tag | None, end: str | None, looked_at: dt.datetime | None, until: dt.datetime
    ) -> list[Told]:
        """How a tag came, since `looked_at`, to the digest that it has `until` now; None: it is not there."""
        return self.history.moves(
            name,
            tag.digest if tag else None,
            end,
            looked_at=looked_at,
            told_until=tag.before if tag and tag.state != Tag.State.UNKNOWN else None,
            until=until,
        )

    def _follow(self, tag: Tag, move: Told, until: dt.datetime) -> None:
        """The tag made a move that no look at it would have shown, or that is told better than a look can."""
        before = min(move.at + SECOND, until)
        if move.digest is None or tag.digest is not None:
            kind = Kind.REMOVED if move.digest is None else Kind.CHANGED
            self._move(tag, kind, move.digest, move.at, before, Movement.Source.HISTORY)
        elif tag.state != Tag.State.UNKNOWN or tag.after is not None:  # else its past begins with this digest
            self._move(tag, Kind.APPEARED, move.digest, move.at, before, Movement.Source.HISTORY)
        tag.state = Tag.State.PRESENT if move.digest else Tag.State.REMOVED
        tag.digest = move.digest
        tag.missing_since = tag.missing_after = None
        tag.after, tag.before = move.at, before

    def _recall(self) -> None:
        """Tags that came and went between two looks, or ended before the first: nothing but the history tells."""
        for name in sorted(self.history.tags - self.listing.tags):
            known = self.known.get(name)
            if known is not None and known.state != Tag.State.REMOVED:
                continue
            until = self.listing.received_at
            told = self._told(name, known, None, self.repository.listed_at, until)
            if not told:
                continue
            tag = self._tag(known) if known else self._meet(name, until)
            for move in told:
                self._follow(tag, move, until)


class Clearance(Recording):
    """The removal of tags that a list left out which came in parts, and was read to its end."""

    def __init__(self, repository: Repository, gone: TagQuerySet, now: dt.datetime) -> None:
        super().__init__(repository, Listing.of_nothing(repository.name, now), now)
        self.known = self._read(gone.order_by()[:AT_ONCE])

    def write(self) -> list[Movement]:
        for known in self.known.values():
            self._remove(self._tag(known))
        self._name()
        self._save()
        return self.movements


def _grain(pushed: dt.datetime) -> dt.timedelta:
    """How much later than its registry says a push may have been: times are cut to seconds, or to thousandths."""
    if pushed.microsecond == 0:
        return SECOND
    return dt.timedelta(milliseconds=1) if pushed.microsecond % 1000 == 0 else dt.timedelta(microseconds=1)


def _is_older(seen: registry.Observation, looked_at: dt.datetime | None) -> bool:
    """Whether a copy of the registry, which lags behind, was asked after the registry itself had told newer things."""
    return looked_at is not None and seen.sent_at < looked_at < seen.received_at


def _bound(after: dt.datetime | None, before: dt.datetime) -> dt.datetime | None:
    """A clock that was set back must not turn an interval inside out."""
    return min(after, before) if after is not None else None
