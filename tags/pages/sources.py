"""What the lanes of a timeline are drawn from: a fixed number of queries, however many tags and moves there are.

Read are plain rows of the moves that are seen; of a crowd that is drawn as one only the first and the last.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from math import ceil, inf
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    Exists,
    F,
    FloatField,
    Func,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Least

from tags.models import Coverage, Movement, Remembered, Repository, Tag
from tags.pages.freshness import unsure_because
from tags.pages.gaps import unwatched
from tags.pages.knowledge import silences
from tags.pages.lanes import Source
from tags.pages.standing import Standing, former_names, names_of
from tags.timeline import CLOCKS_DIFFER, Gap, Lane, Mark, count_rebuilds, needed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from tags.models.movement import MovementQuerySet
    from tags.pages.lanes import Window
    from tags.timeline import Detail, Rebuild

MOST_GAPS = 100
# Of a lane with more moves than these the database tells how many lie in each part of the window.
MOST_MOVES = 400
# What is narrow for a database, which counts in milliseconds or worse, is narrow for the picture, too.
SURELY = 0.99
LATER = Coverage.objects.filter(repository=OuterRef("repository"), since__gt=OuterRef("since"))


def sources(tags: Sequence[Tag], window: Window) -> list[Source]:
    """One source per tag, in the order given; the tags must have repositories, registries and sweeps at hand."""
    pointing = [Standing.of(tag) for tag in tags]
    names = names_of(pointing, None)
    names = former_names(pointing, names, None) | names
    moves, crowds = _moves_of(tags, window)
    repositories = {tag.repository_id for tag in tags}
    rebuilds = _rebuilds(repositories, {digest for tag in tags for digest in _shown(tag, moves[tag.pk])})
    stretches = stretches_of(repositories, window.start, window.end)
    unknown = silences(tags, window.moment, window.now)
    return [
        Source(
            Lane(
                name=tag.name,
                digest=tag.digest,
                version=names.get((tag.repository_id, tag.digest)) if tag.digest else None,
                first_seen=_first_known(tag, moves[tag.pk]),
                moves=moves[tag.pk],
                crowds=crowds[tag.pk],
            ),
            repository=tag.repository.short_name,
            address=tag.repository.get_absolute_url(),
            stretches=stretches[tag.repository_id],
            every=tag.repository.every,
            registry=str(tag.repository.registry),
            unsure_since=tag.last_look,
            unsure_because=unsure_because(tag),
            silence=unknown.get(tag.pk),
            rebuilds=rebuilds[tag.repository_id],
        )
        for tag in tags
    ]


class Moved(NamedTuple):
    """A row of a movement, in the order of its fields here."""

    tag_id: int
    pk: int
    kind: str
    after: dt.datetime | None
    before: dt.datetime
    from_digest: str | None
    to_digest: str | None
    from_version: str | None
    to_version: str | None


def _moves_of(
    tags: Sequence[Tag], window: Window
) -> tuple[Mapping[int, Sequence[Moved]], Mapping[int, Mapping[dt.datetime, int]]]:
    """The moves that the window's picture needs, with one on each side, and the crowds among them, by tag."""
    detail = replace(window.detail, least=window.detail.least * SURELY)
    bars: dict[int, int] = {}
    for marks in _marks(tags, detail).values():
        bars |= needed(marks, detail)
    moves: defaultdict[int, list[Moved]] = defaultdict(list)
    crowds: defaultdict[int, dict[dt.datetime, int]] = defaultdict(dict)
    for part in (_beside(tags, window), Movement.objects.filter(pk__in=bars)):
        for row in part.values_list(*Moved._fields):
            move = Moved._make(row)
            moves[move.tag_id].append(move)
            if bars.get(move.pk, 0) > 1:
                crowds[move.tag_id][move.before] = bars[move.pk]
    for found in moves.values():
        found.sort(key=attrgetter("before", "pk"))
    return moves, crowds


def _marks(tags: Sequence[Tag], detail: Detail) -> Mapping[int, list[Mark]]:
    """The moves in the window as marks, by tag, oldest first; of those that are really many only some."""
    within = Movement.objects.filter(tag__in=tags, before__gt=detail.start, before__lte=detail.end)
    counts = dict(within.values_list("tag").annotate(Count("pk")))
    # Asked for by itself: it is the only thing to know of so many moves that is in no index.
    left = within.filter(repository__in={tag.repository_id for tag in tags}, to_digest__isnull=True)
    holes = dict(left.order_by().values_list("pk", "tag"))
    busy = {tag for tag, count in counts.items() if count > MOST_MOVES}
    rows: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    more: dict[int, int] = {}
    some = within.exclude(tag__in=busy).order_by("tag", "before", "pk")
    for tag, pk, at in some.values_list("tag", "pk", _Seconds(detail.start)):
        rows[tag].append((pk, at))
    for crowded, has_holes in ((busy - set(holes.values()), False), (busy & set(holes.values()), True)):
        if crowded:
            more |= _ends_of_parts(within.filter(tag__in=crowded), detail, holes, rows, has_holes)
    return {
        tag: [
            Mark(pk, at, more.get(pk, 0) + (pk not in holes and following > at))
            for (pk, at), following in zip(found, [*(at for _pk, at in found[1:]), inf], strict=True)
        ]
        for tag, found in rows.items()
    }


def _ends_of_parts(
    moves: MovementQuerySet,
    detail: Detail,
    holes: Collection[int],
    rows: Mapping[int, list[tuple[int, float]]],
    has_holes: bool,
) -> dict[int, int]:
    """Add to `rows` the first and the last move of each part of a cell, and of each part's bars where it has holes.

    A part is half of what is narrow, at most. Returns how many more bars begin after a move than the rows tell.
    """
    part_of_a_cell = _Part(detail.start, detail.cell / ceil(2 * detail.cell / detail.narrow))
    came, went = (Q(to_digest__isnull=False), Q(from_digest__isnull=False)) if has_holes else (None, None)
    ends = {"first": Min("before"), "last": Max("before")}
    if has_holes:
        ends |= {"first_bar": Min("before", filter=came), "last_bar": Max("before", filter=went)}
    in_parts = moves.values("tag", part=part_of_a_cell).annotate(bars=Count("pk", filter=came), **ends)
    bars: dict[tuple[int, int], int] = {}
    part_of: dict[tuple[int, dt.datetime], int] = {}
    for tag, part, count, *times in in_parts.values_list("tag", "part", "bars", *ends):
        bars[tag, part] = count
        part_of |= {(tag, at): part for at in times if at}
    first: dict[tuple[int, int], int] = {}
    these = moves.filter(before__in={at for _tag, at in part_of}).order_by("tag", "before", "pk")
    for tag, pk, before, at in these.values_list("tag", "pk", "before", _Seconds(detail.start)):
        part = part_of.get((tag, before))
        if part is None:
            continue  # it is another tag's end
        rows[tag].append((pk, at))
        if pk not in holes:
            first.setdefault((tag, part), pk)
            bars[tag, part] -= 1
    return {pk: bars[place] for place, pk in first.items()}


class _Seconds(Func):
    """How long after a moment a move was: a number, which is read in a tenth of the time that a datetime takes.

    Or how long it is from a field to another.
    """

    output_field: Any = FloatField()
    sqlite = "((julianday(%(expressions)s)) * 86400.0)"
    postgresql = "EXTRACT(EPOCH FROM (%(expressions)s))::float8"

    def __init__(self, start: dt.datetime | F, end: str = "before", **extra: Any) -> None:
        origin = start if isinstance(start, F) else Value(start, output_field=DateTimeField())
        super().__init__(end, origin, **extra)

    def get_db_converters(self, connection: Any) -> list[Any]:
        return []  # it is a number already, and there are many

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite, arg_joiner=") - julianday(", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.postgresql, arg_joiner=" - ", **context)


class _Part(_Seconds):
    """In which part of a time a move lies; unlike in Python, in a few milliseconds for 100,000 of them."""

    output_field = IntegerField()

    def __init__(self, start: dt.datetime, length: float) -> None:
        super().__init__(start)
        self.sqlite = f"CAST(({super().sqlite} + {CLOCKS_DIFFER}) / {length!r} AS INTEGER)"
        self.postgresql = f"FLOOR(({super().postgresql} + {CLOCKS_DIFFER}) / {length!r})"


def _beside(tags: Sequence[Tag], window: Window) -> MovementQuerySet:
    """Of each tag the last move up to the window, which tells what it came from, and the first one after it."""
    of_tag = Movement.objects.filter(tag=OuterRef("pk"))
    earlier = of_tag.filter(before__lte=window.start).order_by("-before", "-pk")
    later = of_tag.filter(before__gt=window.end).order_by("before", "pk")
    beside = Tag.objects.filter(pk__in=[tag.pk for tag in tags]).order_by()
    ends = [beside.values_list(Subquery(move.values("pk")[:1])) for move in (earlier, later)]
    return Movement.objects.filter(pk__in=ends[0].union(ends[1], all=True))


def _first_known(tag: Tag, moves: Sequence[Moved]) -> dt.datetime:
    """Since when it is known what the tag was on before the first of its moves, or, without any, what it is on."""
    return max(tag.first_seen_at, tag.kept_since or tag.first_seen_at) if moves else max(tag.first_seen_at, tag.before)


def _shown(tag: Tag, moves: Sequence[Moved]) -> Iterator[str]:
    """The digests that the bars of a lane may be on."""
    for digest in (tag.digest, *(digest for move in moves for digest in (move.from_digest, move.to_digest))):
        if digest:
            yield digest


def _rebuilds(repositories: Collection[int], digests: Collection[str]) -> Mapping[int, Mapping[str, Rebuild]]:
    """Which content of its version each of these digests is, where that was rebuilt to it."""
    found = Remembered.objects.rebuilds(repositories)
    rebuilds = Movement.objects.filter(repository__in=repositories).rebuilds()
    rebuilt = rebuilds.filter(to_digest__in=digests).order_by().values("tag")
    moves = rebuilds.filter(tag__in=rebuilt).order_by("before", "pk")
    for repository, name, old, new in moves.values_list("repository", "tag__name", "from_digest", "to_digest"):
        count_rebuilds([(name, old, new)], found[repository])
    return found


def stretches_of(
    repositories: Collection[int], start: dt.datetime, end: dt.datetime
) -> defaultdict[int, list[Coverage]]:
    """The coverage of a time, oldest first, and of each repository the last stretch even when it ended earlier."""
    found: defaultdict[int, list[Coverage]] = defaultdict(list)
    of_them = Coverage.objects.filter(repository__in=repositories, since__lte=end).order_by("since", "pk")
    for stretch in of_them.filter(Q(until__gte=start) | ~Exists(LATER)):
        found[stretch.repository_id].append(stretch)
    return found


def gaps_of(repository: Repository, window: Window) -> list[tuple[Repository, Gap]]:
    """The times of the window in which this repository was not watched, the time before its first look too."""
    stretches = stretches_of([repository.pk], window.start, window.end)[repository.pk]
    return [(repository, gap) for gap in unwatched(stretches, window, repository.every)]


def long_gaps(window: Window) -> list[tuple[Repository, Gap]]:
    """The last gaps of any repository longer than two of its intervals; none ends later than what is told."""
    is_over, last = Exists(LATER), Value(window.last, output_field=DateTimeField())
    ended = Case(When(is_over, then=Least("until", last)), default=last)
    # What goes on has no end yet, whatever its row says.
    of_repository = Coverage.objects.filter(repository=OuterRef("pk")).order_by("-since", "-pk").values("pk")
    going_on = Repository.objects.order_by().values_list(Subquery(of_repository[:1]))
    missed = Coverage.objects.filter(watched=False, since__lte=window.end)
    lately = missed.filter(until__gte=window.start).order_by().values_list("pk")
    either = missed.filter(pk__in=lately.union(going_on, all=True))
    lasting = either.annotate(is_over=is_over, ended=ended, seconds=_Seconds(F("since"), "ended"))
    found = lasting.filter(ended__gte=window.start, seconds__gt=2 * F("interval"))
    return [
        (stretch.repository, Gap(stretch.since, stretch.ended, stretch.reason))
        for stretch in found.select_related("repository__registry").order_by("is_over", "-ended", "-pk")[:MOST_GAPS]
    ]
