"""What a poll saw, held against what is known: the one place where tags and movements are written."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Q

from tags import versions
from tags.models.coverage import Coverage
from tags.models.image import Image
from tags.models.movement import Movement
from tags.models.tag import Tag, settle_roles
from tags.timeline import Kind
from tags.versions import Direction, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tags import registry
    from tags.models.repository import Repository

# Rows or digests in one statement: databases bound the number of its parameters.
BATCH = 400
# A registry that forgets more than half of this many tags at once is more likely broken than tidied up.
FEW_TAGS = 10
NEVER_POINTED = (Tag.State.UNKNOWN, Tag.State.MISSING)

T = TypeVar("T")


def batched(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


class Recording:
    """One poll's worth of writing, inside the transaction that `Repository.record()` opened."""

    def __init__(self, repository: Repository, listing: registry.Listing, now: dt.datetime) -> None:
        self.repository = repository
        self.listing = listing
        self.now = now
        self.tags = {tag.name: tag for tag in repository.tags.all()}
        self.absent = [
            tag
            for tag in self.tags.values()
            if listing.complete and tag.state != Tag.State.REMOVED and tag.name not in listing.tags
        ]
        self.doubted = self._is_suspect() and not self._is_confirmed()
        self.movements: list[Movement] = []
        self.touched: dict[str, Tag] = {}  # tags with something to save
        self.names_before: dict[str | None, str | None] = {}
        self.redrawn = False  # a name came, went or points elsewhere: roles have to be thought over

    @property
    def believed(self) -> bool:
        """Whether the list is proof of which tags there are."""
        return self.listing.complete and not self.doubted

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
                f"the list lost {len(self.absent)} of {self._known()} tags at once; "
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

    def write(self) -> list[Movement]:
        """Save what changed, and nothing for what did not; returns the movements."""
        if self.doubted:
            self._mark_absent()
            return []
        self.names_before = self._names_by_digest()
        for seen in self.listing.observations:
            self._observe(seen)
        for name in self.listing.failures:
            self._keep(name)
        if self.believed:
            self._note_presence()
            for tag in self.absent:
                self._remove(tag)
        if self.redrawn:
            self._settle_roles()
        self._save()
        return self.movements

    # --- Is the list to be believed? -----------------------------------------------------------------------------

    def _known(self) -> int:
        return sum(tag.state != Tag.State.REMOVED for tag in self.tags.values())

    def _is_suspect(self) -> bool:
        if not self.absent:
            return False
        return not self.listing.tags or (self._known() >= FEW_TAGS and 2 * len(self.absent) > self._known())

    def _is_confirmed(self) -> bool:
        """Whether every tag that this list leaves out was left out by another at least one interval ago."""
        longest = self.now - dt.timedelta(seconds=self.repository.every)
        return all(tag.absent_since is not None and tag.absent_since <= longest for tag in self.absent)

    def _mark_absent(self) -> None:
        absent = {tag.name for tag in self.absent}
        changed = []
        for tag in self.tags.values():
            if tag.name in absent and tag.absent_since is None:
                tag.absent_since = self.listing.received_at
                changed.append(tag)
            elif tag.name not in absent and tag.absent_since is not None:
                tag.absent_since = None
                changed.append(tag)
        Tag.objects.bulk_update(changed, ["absent_since"], batch_size=BATCH)

    def _note_presence(self) -> None:
        for name in self.listing.tags:
            tag = self.tags.get(name)
            if tag is not None and tag.absent_since is not None:
                tag.absent_since = None
                self.touched[name] = tag

    # --- One tag -------------------------------------------------------------------------------------------------

    def _observe(self, seen: registry.Observation) -> None:
        tag = self.tags.get(seen.tag) or self._meet(seen.tag, seen.received_at)
        if seen.digest is None:
            self._miss(tag, seen)
        elif tag.digest == seen.digest and tag.state == Tag.State.PRESENT:
            self._stay(tag)
        elif tag.digest == seen.digest:
            tag.state = Tag.State.PRESENT
            self._look(tag, seen)
        else:
            self._point(tag, seen)

    def _meet(self, name: str, at: dt.datetime) -> Tag:
        """A name nobody has seen before; what it points to is another question."""
        tag = Tag(
            repository=self.repository,
            name=name,
            role=Role.VERSION,
            state=Tag.State.UNKNOWN,
            after=self._bound(self.repository.listed_at, at),
            before=at,
            first_seen_at=at,
        )
        self.tags[name] = self.touched[name] = tag
        self.redrawn = True
        return tag

    def _point(self, tag: Tag, seen: registry.Observation) -> None:
        """The tag points to a digest that it did not point to when last seen."""
        new_here = tag.digest is None and tag.state in NEVER_POINTED
        if new_here:
            kind, after = Kind.APPEARED, tag.after
        elif tag.state == Tag.State.REMOVED:
            kind, after = Kind.RETURNED, self.repository.listed_at
        else:
            kind, after = Kind.CHANGED, tag.looked_at or self.repository.checked_at
        if seen.pushed_at and (after is None or after <= seen.pushed_at) and seen.pushed_at <= seen.received_at:
            before, source = seen.pushed_at, Movement.Source.PUSH_TIME
            after = seen.pushed_at if after is not None else None
        else:
            before, source = seen.received_at, Movement.Source.POLL
        if not (new_here and after is None):  # what the first listing holds was there before anyone looked
            self._move(tag, kind, seen.digest, after, before, source)
        tag.state, tag.digest = Tag.State.PRESENT, seen.digest
        tag.after, tag.before = self._bound(after, before), before
        self.redrawn = True
        self._look(tag, seen)

    def _miss(self, tag: Tag, seen: registry.Observation) -> None:
        """The tag is listed, but there is no image behind it: neither gone nor moved."""
        if tag.state != Tag.State.MISSING:
            tag.state = Tag.State.MISSING
            self._look(tag, seen)

    def _remove(self, tag: Tag) -> None:
        before = tag.absent_since or self.listing.received_at
        if tag.digest is not None:
            self._move(tag, Kind.REMOVED, None, self.repository.listed_at, before, Movement.Source.POLL)
        tag.state, tag.digest, tag.absent_since, tag.looked_at = Tag.State.REMOVED, None, None, None
        tag.after, tag.before = self._bound(self.repository.listed_at, before), before
        self.touched[tag.name] = tag
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
        if kind == Kind.CHANGED:
            tag.moved = True
        self.movements.append(
            Movement(
                tag=tag,
                repository=self.repository,
                kind=kind,
                from_digest=tag.digest,
                to_digest=to_digest,
                after=self._bound(after, before),
                before=before,
                source=source,
                found_at=self.now,
            )
        )

    # --- When a tag was looked at ----------------------------------------------------------------------------------

    def _look(self, tag: Tag, seen: registry.Observation) -> None:
        """The row is written anyway: without a complete list its own look is the only one to go by."""
        tag.looked_at = None if self.believed else seen.sent_at
        self.touched[tag.name] = tag

    def _stay(self, tag: Tag) -> None:
        if self.believed and tag.looked_at is not None:
            tag.looked_at = None
            self.touched[tag.name] = tag

    def _keep(self, name: str) -> None:
        """The tag gave no sure answer: remember when it last did, for the repository's own time moves on."""
        tag = self.tags.get(name) or self._meet(name, self.listing.received_at)
        if self.believed and tag.looked_at is None and tag.digest is not None:
            tag.looked_at = self.repository.checked_at
            self.touched[name] = tag

    @staticmethod
    def _bound(after: dt.datetime | None, before: dt.datetime) -> dt.datetime | None:
        """A clock that was set back must not turn an interval inside out."""
        return min(after, before) if after is not None else None

    # --- Names ---------------------------------------------------------------------------------------------------

    def _names_by_digest(self) -> dict[str | None, str | None]:
        """What people call each digest now: the display version of the tags that point to it."""
        names: dict[str | None, list[str]] = {}
        for tag in self.tags.values():
            if tag.digest is not None and tag.role == Role.VERSION:
                names.setdefault(tag.digest, []).append(tag.name)
        return {digest: versions.display_version(tags) for digest, tags in names.items()}

    def _settle_roles(self) -> None:
        """Think over which tags are versions and which are pointers, then say what kind of move each move was."""
        there = (tag for tag in self.tags.values() if tag.state != Tag.State.REMOVED)
        self.touched.update({tag.name: tag for tag in settle_roles(there)})
        names_after = self._names_by_digest()
        been = self._been_before()
        for movement in self.movements:
            # A version that was made anew is no name for what it pointed to before: that digest keeps its other names.
            movement.from_version = self.names_before.get(movement.from_digest)
            movement.to_version = names_after.get(movement.to_digest)
            if movement.kind == Kind.CHANGED:
                movement.kind = self._direction(movement, been)
            movement.across_gap = self._crosses_gap(movement)
        self._fill_in_names(names_after)

    def _direction(self, movement: Movement, been: set[tuple[str, str | None]]) -> Kind:
        if movement.tag.role == Role.VERSION:
            return Kind.REBUILT
        direction = versions.direction(
            movement.from_version,
            movement.to_version,
            been_there=(movement.tag.name, movement.to_digest) in been,
        )
        return {
            Direction.FORWARD: Kind.FORWARD,
            Direction.ROLLBACK: Kind.ROLLBACK,
            Direction.CHANGED: Kind.CHANGED,
        }[direction]

    def _been_before(self) -> set[tuple[str, str | None]]:
        """Which of the moved tags pointed to their new digest at some time before, as (tag, digest)."""
        changed = [movement for movement in self.movements if movement.kind == Kind.CHANGED]
        been: set[tuple[str, str | None]] = set()
        for some in batched(changed):
            digests = [movement.to_digest for movement in some]
            past = Movement.objects.filter(
                Q(to_digest__in=digests) | Q(from_digest__in=digests), tag__in=[movement.tag for movement in some]
            )
            for name, *both in past.values_list("tag__name", "from_digest", "to_digest"):
                been.update((name, digest) for digest in both)
        return been

    def _crosses_gap(self, movement: Movement) -> bool:
        """Whether a gap began between the two looks that a movement lies between."""
        after = movement.after
        return after is not None and any(after <= since < movement.before for since in self._gaps)

    @cached_property
    def _gaps(self) -> list[dt.datetime]:
        """When the last gaps began, the one that this poll ends included."""
        stretches = Coverage.objects.filter(repository=self.repository).order_by("-since", "-pk")
        last = stretches.first()
        gaps = list(stretches.filter(watched=False).values_list("since", flat=True)[:100])
        if last and last.watched and (self.listing.sent_at - last.until).total_seconds() > 2 * self.repository.every:
            gaps.append(last.until)
        return gaps

    def _fill_in_names(self, names: dict[str | None, str | None]) -> None:
        """Past movements to or from a digest that had no version then get the one it has now."""
        fresh = {digest: name for digest, name in names.items() if self.names_before.get(digest) is None}
        past = Movement.objects.filter(repository=self.repository)
        for version, digest in (("to_version", "to_digest"), ("from_version", "from_digest")):
            unnamed = past.filter(**{f"{version}__isnull": True, f"{digest}__isnull": False})
            if not fresh or not unnamed.exists():
                continue
            for some in batched(list(fresh)):
                movements = list(unnamed.filter(**{f"{digest}__in": some}))
                for movement in movements:
                    setattr(movement, version, fresh[getattr(movement, digest)])
                Movement.objects.bulk_update(movements, [version], batch_size=BATCH)

    # --- Saving --------------------------------------------------------------------------------------------------

    def _save(self) -> None:
        new = [tag for tag in self.touched.values() if tag.pk is None]
        old = [tag for tag in self.touched.values() if tag.pk is not None]
        fields = ["role", "state", "digest", "after", "before", "moved", "looked_at", "absent_since"]
        Tag.objects.bulk_create(new, batch_size=BATCH)
        Tag.objects.bulk_update(old, fields, batch_size=BATCH)
        Movement.objects.bulk_create(self.movements, batch_size=BATCH)
        unknown = {tag.digest for tag in self.touched.values() if tag.digest}
        Image.objects.remember(
            {
                seen.digest: seen.media_type or ""
                for seen in self.listing.observations
                if seen.digest is not None and seen.digest in unknown
            }
        )
