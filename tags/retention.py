"""Deletes what is older than is to be kept, a little at a time; what is kept is told as if nothing had been deleted.

Of each tag the last movement before the time that is kept stays, for it tells when the tag came to where it was then:
so the movements of a tag that are left follow each other without a hole. What else the deleted ones told of the time
that is kept, `Remembered` holds: what an image was last called, and which content of a rebuilt version it is.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Max, Min, OuterRef, Q, Subquery

from tags.models import Coverage, Heartbeat, Image, Movement, Remembered, Repository, Tag, databaseclock
from tags.timeline import Kind, count_rebuilds
from tags.versions import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

AT_A_TIME = 1000  # rows in one transaction


@dataclass(slots=True)
class Pruned:
    """How much was deleted; `is_done`: and nothing is left that is too old."""

    movements: int = 0
    images: int = 0
    is_done: bool = False


def cut(now: dt.datetime) -> dt.datetime | None:
    """What was before this is not kept; None: all is. It moves on once a day."""
    if not settings.KEEP_MOVEMENTS_DAYS:
        return None
    midnight = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - dt.timedelta(days=settings.KEEP_MOVEMENTS_DAYS)


def is_due(now: dt.datetime) -> bool:
    """Whether something may have become too old since nothing was."""
    end = cut(now)
    done = Heartbeat.objects.filter(part=Heartbeat.PRUNING).values_list("beat_at", flat=True).first()
    return end is not None and (done is None or cut(done) != end)


def prune(now: dt.datetime | None = None, *, seconds: float = inf) -> Pruned:
    """Delete what is too old, until nothing is or the time is over.

    Two at once do no harm. After each transaction others have as much time for theirs as it took.
    """
    end = cut(now or databaseclock.now())
    pruned = Pruned()
    if end is None:
        return pruned
    over = time.monotonic() + seconds
    begun = time.monotonic()
    for some in _steps(end):
        pruned.movements += some.movements
        pruned.images += some.images
        if time.monotonic() > over:
            return pruned
        time.sleep(time.monotonic() - begun)
        begun = time.monotonic()
    Heartbeat.beat(Heartbeat.PRUNING)
    pruned.is_done = True
    return pruned


def _steps(end: dt.datetime) -> Iterator[Pruned]:
    """Each of them is a transaction."""
    for repository in list(Repository.objects.order_by("pk").values_list("pk", flat=True)):
        yield from _prune_repository(repository, _in_no_move(repository, end))
    yield from _prune_images(end)
    # A poll that ended just now may have found one of these images anew while it was deleted.
    here = Tag.objects.filter(digest__isnull=False).exclude(Exists(Image.objects.filter(pk=OuterRef("digest"))))
    Image.objects.remember({str(digest): "" for digest in here.order_by().values_list("digest", flat=True)})


def _in_no_move(repository: int, end: dt.datetime) -> dt.datetime:
    """That time, or when the last look was before the moves that were under way then: those are kept as a whole."""
    under_way = Movement.objects.filter(repository=repository, before__gt=end, after__lt=end)
    return under_way.aggregate(first=Min("after"))["first"] or end


# --- Movements and coverage ------------------------------------------------------------------------------------------


class Doomed(NamedTuple):
    """A row of a movement, in the order of its fields here."""

    pk: int
    tag_id: int
    tag__name: str
    tag__role: str
    kind: str
    from_digest: str | None
    to_digest: str | None
    to_version: str | None
    before: dt.datetime


def _prune_repository(pk: int, end: dt.datetime) -> Iterator[Pruned]:
    is_going_on = True
    while is_going_on:
        with transaction.atomic():
            repository = Repository.objects.select_for_update(of=("self",)).filter(pk=pk).first()
            if repository is None:
                return
            was_kept_since = repository.coverage.kept_since()
            kept_since = Coverage.forget(repository, end, AT_A_TIME)
            doomed = _doomed(repository, kept_since) if kept_since else []
            _delete(repository, doomed)
            is_going_on = bool(doomed) or kept_since != was_kept_since
            if not is_going_on:
                _forget_what_is_not_told(repository)
        yield Pruned(movements=len(doomed))


def _doomed(repository: Repository, kept_since: dt.datetime) -> list[Doomed]:
    """The oldest movements that others of their tags followed before the time that is kept."""
    old = Movement.objects.filter(before__lte=kept_since)
    following = old.filter(
        Q(before__gt=OuterRef("before")) | Q(pk__gt=OuterRef("pk")), tag=OuterRef("tag"), before__gte=OuterRef("before")
    )
    followed = old.filter(Exists(following), repository=repository).order_by("before", "pk")
    return [Doomed._make(row) for row in followed.values_list(*Doomed._fields)[:AT_A_TIME]]


def _delete(repository: Repository, doomed: Sequence[Doomed]) -> None:
    if not doomed:
        return
    Movement.objects.filter(pk__in=[move.pk for move in doomed]).delete()
    left = Movement.objects.filter(tag=OuterRef("pk")).order_by("before", "pk").values("before")
    Tag.objects.filter(pk__in={move.tag_id for move in doomed}).update(kept_since=Subquery(left[:1]))
    _remember(repository, doomed)


def _remember(repository: Repository, doomed: Sequence[Doomed]) -> None:
    """Keep what deleted movements, oldest first, told of images that are still told of."""
    naming: dict[str, Doomed] = {}
    names: dict[str, str] = {}
    for move in doomed:
        if move.to_digest and move.to_version:
            naming[move.to_digest], names[move.to_digest] = move, move.to_version
        if move.from_digest and move.tag__role == Role.VERSION:
            naming[move.from_digest], names[move.from_digest] = move, move.tag__name
    counted = Remembered.objects.rebuilds([repository.pk])[repository.pk]
    known = set(counted)
    rebuilds = (move for move in doomed if move.kind == Kind.REBUILT and move.tag__role == Role.VERSION)
    count_rebuilds(((move.tag__name, move.from_digest, move.to_digest) for move in rebuilds), counted)
    told = _told(repository, names.keys() | (counted.keys() - known))
    there = {row.digest: row for row in repository.remembered.filter(digest__in=told)}
    for digest in told:
        row = there.setdefault(digest, Remembered(repository=repository, digest=digest))
        last = naming.get(digest)
        if last and (row.before is None or (row.before, row.movement or 0) < (last.before, last.pk)):
            row.name, row.before, row.movement = names[digest], last.before, last.pk
        if row.rebuilt is None and digest in counted:
            row.version, row.rebuilt = counted[digest]
    Remembered.objects.bulk_create(
        there.values(),
        update_conflicts=True,
        unique_fields=["repository", "digest"],
        update_fields=["name", "before", "movement", "version", "rebuilt"],
    )


def _told(repository: Repository, digests: Collection[str]) -> set[str]:
    """Those that a tag is on, or by its movements that are left was on."""
    here = repository.tags.order_by().filter(digest__in=digests).values_list("digest", flat=True)
    left = repository.movements.filter(from_digest__in=digests).values_list("from_digest", flat=True)
    return {digest for some in (here, left) for digest in some if digest}


def _forget_what_is_not_told(repository: Repository) -> None:
    here = repository.tags.filter(digest=OuterRef("digest"))
    left = repository.movements.filter(from_digest=OuterRef("digest"))
    repository.remembered.exclude(Exists(here)).exclude(Exists(left)).delete()


# --- Images ----------------------------------------------------------------------------------------------------------


def _prune_images(end: dt.datetime) -> Iterator[Pruned]:
    """Delete those on which no tag was in the time that is kept."""
    kept_since = dict(Coverage.objects.forgotten().values_list("repository", "until"))
    last = ""
    while True:
        old = Image.objects.filter(pk__gt=last, first_seen_at__lt=end).order_by("pk")
        digests = list(old.values_list("pk", flat=True)[:AT_A_TIME])
        if not digests:
            return
        last = digests[-1]
        unused = set(digests) - _used(digests, kept_since)
        Image.objects.filter(pk__in=unused).delete()
        yield Pruned(images=len(unused))


def _used(digests: Collection[str], kept_since: Mapping[int, dt.datetime]) -> set[str]:
    used = {str(digest) for digest in Tag.objects.filter(digest__in=digests).values_list("digest", flat=True)}
    left = Movement.objects.order_by().filter(from_digest__in=digests).values("repository", "from_digest")
    for repository, digest, last in left.annotate(last=Max("before")).values_list("repository", "from_digest", "last"):
        if repository not in kept_since or last > kept_since[repository]:
            used.add(str(digest))
    return used
