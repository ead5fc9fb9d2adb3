"""What the tags of a repository are, and what their movements are called: roles, versions, kinds, gaps."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from django.db.models import Q

from tags import versions
from tags.models.coverage import Coverage
from tags.models.known import as_now
from tags.models.movement import Movement
from tags.models.tag import BATCH, Tag, changed_roles
from tags.timeline import Kind
from tags.versions import Direction, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tags.models.known import Known
    from tags.models.repository import Repository

KINDS = {Direction.FORWARD: Kind.FORWARD, Direction.ROLLBACK: Kind.ROLLBACK, Direction.CHANGED: Kind.CHANGED}

T = TypeVar("T")
Names = dict[str, list[str]]  # digest -> the tags that it has its name from


class Namesake(NamedTuple):
    """A tag by what it does for the name of its digest."""

    name: str
    role: str
    digest: str | None


class Naming:
    """Names for one poll's changes: `known` is how tags were, `touched` how those are now that changed.

    `is_whole`: no tags that are there are left out of both. Else it is a part of a long list, and as the list is
    sorted, what a tag's role depends on stands near it; but that nothing longer continues a name is never told from a
    part.
    """

    def __init__(
        self,
        repository: Repository,
        known: Mapping[str, Known],
        touched: dict[str, Tag],
        movements: list[Movement],
        looked_at: dt.datetime,
        *,
        is_whole: bool,
    ) -> None:
        self.repository = repository
        self.known = known
        self.touched = touched
        self.movements = movements
        self.looked_at = looked_at
        self.is_whole = is_whole

    def settle(self) -> None:
        """Give tags their roles, movements their versions and kinds, and past movements the names they lacked."""
        self._find_returns()
        self._settle_roles()
        namesakes = self._namesakes()
        before = _names(namesakes.values())
        after = _names(as_now(namesakes, self.touched))
        self._name_movements(before, after)
        self._fill_in_names({digest: name for digest, name in after.items() if digest not in before})

    def _settle_roles(self) -> None:
        there = [tag for tag in as_now(self.known, self.touched) if tag.state != Tag.State.REMOVED]
        for name, role in changed_roles(there).items():
            tag = self.touched.get(name)
            if not self.is_whole and role == Role.VERSION and not (tag and tag.pk is None):
                continue
            if tag is None:
                tag = self.touched[name] = Tag(repository=self.repository, **self.known[name]._asdict())
            tag.role = role
        for tag in self.touched.values():
            if tag.pk is None and tag.state == Tag.State.REMOVED:  # only a history tells of it
                tag.role = versions.roles({tag.name: None}, {tag.name} if tag.moved else ())[tag.name]

    def _namesakes(self) -> dict[str, Namesake]:
        """The tags that name, as far as is written down yet, what moved and what was touched."""
        digests = {digest for move in self.movements for digest in (move.from_digest, move.to_digest) if digest}
        digests.update(tag.digest for tag in self.touched.values() if tag.digest)
        if self.is_whole:
            there = (row for row in self.known.values() if row.digest in digests)
            return {row.name: Namesake(row.name, row.role, row.digest) for row in there}
        tags = self.repository.tags.order_by().values_list(*Namesake._fields)
        found = (row for some in _batches(sorted(digests)) for row in tags.filter(digest__in=some))
        return {row.name: row for row in map(Namesake._make, found)}

    def _find_returns(self) -> None:
        """What appeared and was there before came back; with other content than it left with, it moved too."""
        left_from: dict[str, str | None] = {}
        appeared = {m.tag.pk: m.tag.name for m in self.movements if m.kind == Kind.APPEARED and m.tag.pk}
        for some in _batches(list(appeared)):
            past = Movement.objects.filter(tag__in=some).order_by("before", "pk")
            left_from.update((appeared[tag], digest) for tag, digest in past.values_list("tag", "from_digest"))
        for movement in self.movements:
            tag = movement.tag
            if movement.kind == Kind.REMOVED:
                left_from[tag.name] = movement.from_digest
            elif movement.kind == Kind.APPEARED and tag.name in left_from:
                movement.kind = Kind.RETURNED
                tag.moved = tag.moved or left_from[tag.name] not in (None, movement.to_digest)

    # --- Versions and kinds of movements -------------------------------------------------------------------------

    def _name_movements(self, before: Names, after: Names) -> None:
        was = self._was_called({m.from_digest for m in self.movements if m.from_digest and m.from_digest not in before})
        was |= {m.from_digest: m.tag.name for m in self.movements if m.from_digest and _is_end_of_version(m)}
        been = self._been_before()
        for movement in self.movements:
            tag, left, came = movement.tag, movement.from_digest, movement.to_digest
            movement.from_version = _display(before, left) or was.get(left or "") or _display(after, left)
            movement.to_version = _display(after, came) or _display(before, came)
            movement.across_gap = self._crosses_gap(movement)
            if movement.kind == Kind.CHANGED:
                movement.kind = self._direction(movement, been_there=(tag.name, came) in been)
            been |= {(tag.name, left), (tag.name, came)}

    @staticmethod
    def _direction(movement: Movement, *, been_there: bool) -> Kind:
        if movement.tag.role == Role.VERSION:
            return Kind.REBUILT
        return KINDS[versions.direction(movement.from_version, movement.to_version, been_there=been_there)]

    def _was_called(self, digests: Collection[str]) -> dict[str, str]:
        """The last version of digests whose version tags are gone: names are frozen, tags are not."""
        found: dict[str, str] = {}
        for some in _batches(sorted(digests)):
            names = Movement.objects.last_names(some, [self.repository.pk])
            found.update({digest: name for (_repository, digest), name in names.items()})
        return found

    def _been_before(self) -> set[tuple[str, str | None]]:
        """Which of the moved tags pointed to their new digest at some time before this poll, as (tag, digest)."""
        been: set[tuple[str, str | None]] = set()
        moved = [movement for movement in self.movements if movement.kind == Kind.CHANGED and movement.tag.pk]
        for some in _batches(moved):
            digests = [movement.to_digest for movement in some]
            names = {movement.tag.pk: movement.tag.name for movement in some}
            past = Movement.objects.filter(Q(to_digest__in=digests) | Q(from_digest__in=digests), tag__in=list(names))
            for tag, *both in past.values_list("tag", "from_digest", "to_digest"):
                been.update((names[tag], digest) for digest in both)
        return been

    # --- Gaps ----------------------------------------------------------------------------------------------------

    def _crosses_gap(self, movement: Movement) -> bool:
        """Whether somebody failed to look in the time that a movement lies in."""
        after = movement.after
        if after is None or movement.source == Movement.Source.HISTORY:
            return False  # to a registry that tells when it was there is no gap
        # The look may lie in the gap that its own poll ended: that is over as soon as the poll is, within an interval.
        over = after + dt.timedelta(seconds=self.repository.every)
        if after == self.repository.checked_at and self.repository.polled_at:
            after = over = max(after, self.repository.polled_at)
        return any(
            since < movement.before and until > (over if since <= after else after) for since, until in self._gaps
        )

    @cached_property
    def _gaps(self) -> list[tuple[dt.datetime, dt.datetime]]:
        """The last gaps; one that goes on, or begins with a silence, ends with this poll."""
        stretches = Coverage.objects.filter(repository=self.repository).kept().order_by("-since", "-pk")
        gaps = list(stretches.filter(watched=False).values_list("since", "until")[:100])
        last = stretches.first()
        if last is not None and (not last.watched or last.is_silent_until(self.looked_at)):
            end = max(last.until, self.looked_at) + dt.timedelta(microseconds=1)
            gaps.append((last.until if last.watched else last.since, end))
        return gaps

    # --- The past ------------------------------------------------------------------------------------------------

    def _fill_in_names(self, fresh: Names) -> None:
        """Past movements to or from a digest that had no version then get the one it has now."""
        past = Movement.objects.filter(repository=self.repository)
        came = Q(to_version=None, to_digest__isnull=False)
        left = Q(from_version=None, from_digest__isnull=False)
        if not fresh or (self.is_whole and not self.known) or not past.filter(came | left).exists():
            return
        for unnamed, version, digest in ((came, "to_version", "to_digest"), (left, "from_version", "from_digest")):
            for some in _batches(sorted(fresh)):
                movements = list(past.filter(unnamed, **{f"{digest}__in": some}))
                for movement in movements:
                    setattr(movement, version, _display(fresh, getattr(movement, digest)))
                Movement.objects.bulk_update(movements, [version], batch_size=BATCH)


def _names(tags: Iterable[Namesake | Tag]) -> Names:
    """The version tags of each digest or, as `versions.image_name` has it, the versions in part of one without any."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    partial: list[tuple[str, str]] = []
    for tag in tags:
        if tag.digest is None:
            continue
        if tag.role == Role.VERSION:
            found[tag.digest].append(tag.name)
        elif tag.role == Role.POINTER and versions.is_floating(tag.name):
            partial.append((tag.digest, tag.name))
    alone = {digest for digest, _name in partial}.difference(found)
    for digest, name in partial:
        if digest in alone:
            found[digest].append(name)
    return dict(found)


def _is_end_of_version(movement: Movement) -> bool:
    return movement.kind == Kind.REMOVED and movement.tag.role == Role.VERSION


def _display(names: Names, digest: str | None) -> str | None:
    return versions.display_version(names.get(digest or "", ()))


def _batches(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
