"""Versions by pointers: which pointer is on which version, which were, and in which order."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count, Max, Min, OuterRef, Q, Subquery

from tags.aliases import alphabetical
from tags.models import Coverage, Movement, Tag
from tags.models.movement import STAYED, short
from tags.pages.filtering import begins, did_you_mean, is_in
from tags.pages.standing import Standing, former_names, image_names, standings
from tags.versions import Role, is_floating, names_in, sort_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from tags.models import Repository
    from tags.models.movement import MovementQuerySet
    from tags.pages.standing import Names

MOST_COLUMNS = 8
MOST_CHOICES = 200  # pointers to choose from
MOST_VISITS = 1000  # of all pointers together, the last ones; whoever looks for an older one filters
MOST_FOUND = 500  # versions without a pointer that a filter finds
MOST_ANSWERED = 3  # versions a filter may find for each to be told in sentences


class Column(NamedTuple):
    """A pointer; `is_removed` now, whatever the moment the page is about."""

    pk: int
    name: str
    first_seen_at: dt.datetime
    is_removed: bool


class Choice(NamedTuple):
    name: str
    is_shown: bool


class Visits(NamedTuple):
    """Times that a pointer was on an image of one name and left it again: how many, and the end of the last."""

    column: int
    digest: str
    version: str | None
    times: int
    left: dt.datetime


@dataclass(slots=True)
class Cell:
    """What one pointer has to do with one version.

    `now` is where it stands, when it is on it; `coming` when nobody knows, for it came to it by a move under way;
    `order` counts the versions it left, 1 for the last; None: long ago.
    `came` is when its last visit began, None when it was there at the first look.
    `build` tells when it stands on an image that only was called so: on an "earlier" one of a version that was rebuilt
    since, or on one whose tag is gone ("untagged").
    """

    column: Column
    now: Standing | None = None
    leaving_to: str = ""
    times: int = 0
    left: dt.datetime | None = None
    order: int | None = None
    coming: Standing | None = None
    came: dt.datetime | None = None
    build: str = ""

    @property
    def first_look(self) -> dt.datetime:
        return self.column.first_seen_at

    @property
    def state(self) -> str:
        if self.coming:
            return "coming"
        return "now" if self.now else "was"

    @property
    def moving(self) -> Standing | None:
        """The pointer, when a move of it was under way."""
        here = self.now or self.coming
        return here if here and here.leaving_before else None


@dataclass(slots=True)
class Row:
    """One version, or one image that never had one.

    `also` are other names of its images: those they had when a pointer left them, and those that people looked for.
    """

    version: str | None
    digests: set[str] = field(default_factory=set)
    also: set[str] = field(default_factory=set)
    cells: dict[str, Cell] = field(default_factory=dict)
    in_order: tuple[Cell | None, ...] = ()  # of the columns shown

    @property
    def name(self) -> str:
        return self.version or short(next(iter(self.digests)))

    @property
    def digest(self) -> str:
        """That of the image, when there was only one of that name."""
        return next(iter(self.digests)) if len(self.digests) == 1 else ""

    @property
    def digest_url(self) -> str:
        return f"/{self.digest}/"

    @property
    def tag(self) -> str:
        """The tag that has this name; none when two names are shown for one image."""
        names = names_in(self.version)
        return names[0] if len(names) == 1 else ""

    @property
    def also_called(self) -> list[str]:
        return sorted(self.also, key=sort_key)

    @property
    def is_now(self) -> bool:
        return any(cell.now for cell in self.cells.values())

    @property
    def last(self) -> float:
        return max((cell.left.timestamp() for cell in self.cells.values() if cell.left), default=0)

    def matches(self, text: str) -> bool:
        return is_in(text, (self.version or "", *self.also)) or any(begins(text, digest) for digest in self.digests)

    def is_called(self, text: str) -> bool:
        names = [name for one in (self.version or "", *self.also) for name in names_in(one.casefold())]
        return text.casefold().removeprefix("v") in {name.removeprefix("v") for name in names}


@dataclass(frozen=True, slots=True)
class Watch:
    """Since when a repository was watched, and for how many stretches nobody could look.

    `is_cut`: it was watched before, and what was seen then is not kept any longer.
    """

    since: dt.datetime | None
    gaps: int
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    columns: tuple[Column, ...]
    choices: tuple[Choice, ...]
    rows: tuple[Row, ...]
    watch: Watch
    suggestion: str
    is_cut: bool  # there were more visits than are told
    not_shown: tuple[str, ...]  # pointers without a column: of them nothing is said

    @property
    def pointers(self) -> list[str]:
        """Those to choose from, by name."""
        return [choice.name for choice in self.choices]

    @property
    def unlisted(self) -> int:
        """How many pointers there are beside those to choose from."""
        return len(self.columns) + len(self.not_shown) - len(self.choices)

    def named(self, text: str) -> list[Row]:
        """The rows that a question is about: those called exactly so, or all that it finds when they are few."""
        if not text:
            return []
        rows = [row for row in self.rows if row.is_called(text)] or list(self.rows)
        return rows if len(rows) <= MOST_ANSWERED else []


def matrix(
    repository: Repository,
    moment: dt.datetime | None,
    text: str,
    wanted: Collection[str],
    *,
    everything: bool,
    is_uncut: bool = False,
) -> Matrix:
    """Versions, newest first, that a pointer is or was on; with `everything`, or found by `text`, the others too.

    `is_uncut`: all of them, as for a file; a page leaves out what is long ago.
    """
    most_visits, most_found = (None, None) if is_uncut else (MOST_VISITS, MOST_FOUND)
    pointers = _pointers(repository, moment)
    columns = _columns(pointers, wanted)
    ids = [column.pk for column in columns]
    moves = Movement.objects.filter(tag__in=ids).with_predecessors()
    if moment:
        moves = moves.filter(before__lte=moment)
    standing = _since_they_came(standings(Tag.objects.filter(pk__in=ids), moment), moves, columns)
    visits = _visits(moves, most_visits and most_visits + 1)
    is_cut = most_visits is not None and len(visits) > most_visits
    pks = {column.name: column.pk for column in columns}
    order = _order(visits, {(pks[tag.name], tag.digest) for tag in standing})
    if is_cut and text:
        told = {(one.column, one.digest, one.version) for one in visits}
        older = _visits(moves.filter(from_version__icontains=text), most_found)
        visits += [one for one in older if (one.column, one.digest, one.version) not in told]
    digests = {tag.digest for tag in standing} | {tag.leaving_to for tag in standing} | {one.digest for one in visits}
    names = _names(repository, moment, {digest for digest in digests if digest})
    ahead = [tag._replace(digest=tag.leaving_to) for tag in standing]
    former = former_names([*standing, *ahead], names, moment)
    rows = _Rows(names)
    rows.add_standing(standing, columns, former, _called(repository, moment, former.values()))
    rows.add_visits(visits, columns, order)
    if everything or text:
        rows.add_others(repository, moment, "" if everything else text, most_found)
    found = [row for row in rows if row.matches(text)]
    suggestion = "" if found or not text else did_you_mean(text, (row.name for row in rows))
    return Matrix(
        columns,
        _choices(pointers, columns),
        tuple(_newest_first(found, columns)),
        _watch(repository, moment),
        suggestion,
        is_cut,
        tuple(column.name for column in pointers if column not in columns),
    )


def add_arrivals(rows: Iterable[Row]) -> None:
    """Tell of past visits when the last of them began; one query, for the rows that are shown."""
    visits = [(row, cell, cell.left) for row in rows for cell in row.cells.values() if cell.left and not cell.now]
    # Asked by what ended the visit: under another name the pointer may have come to the same image again.
    ended = Movement.objects.filter(
        tag__in={cell.column.pk for _row, cell, _left in visits}, before__in={left for _row, _cell, left in visits}
    )
    facts = ended.with_beginnings().values_list("tag", "before", "from_digest", "began_before")
    came = {(tag, left, digest): at for tag, left, digest, at in facts}
    for row, cell, left in visits:
        cell.came = next((at for digest in row.digests if (at := came.get((cell.column.pk, left, digest)))), None)


class _Rows:
    """Rows by what their images are called: now, else what they were last called, else by digest."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._rows: dict[str, Row] = {}
        self._of_digest: defaultdict[str, list[Row]] = defaultdict(list)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def _of(self, version: str | None, digest: str) -> Row:
        row = self._rows.setdefault(version or digest, Row(version))
        if digest and digest not in row.digests:
            row.digests.add(digest)
            self._of_digest[digest].append(row)
        return row

    def add_standing(
        self, standing: Iterable[Standing], columns: Sequence[Column], former: Names, called: Mapping[str, str]
    ) -> None:
        """`former` are the names that images had which have none, `called` the images that have such a name instead."""
        by_name = {column.name: column for column in columns}
        names = former | self._names
        for tag in standing:
            if tag.is_coming and tag.leaving_to:
                row = self._of(names.get((tag.repository_id, tag.leaving_to)), tag.leaving_to)
                row.cells[tag.name] = Cell(by_name[tag.name], coming=tag)
            if not tag.digest:
                continue
            key = tag.repository_id, tag.digest
            row = self._of(names.get(key), tag.digest)
            next_one = tag.leaving_to and (names.get((key[0], tag.leaving_to)) or short(tag.leaving_to))
            cell = row.cells[tag.name] = Cell(by_name[tag.name], tag, next_one or "")
            if key in former:
                others = [called[name] for name in names_in(former[key]) if name in called]
                cell.build = "earlier" if others else "untagged"
                for digest in others:
                    self._of(former[key], digest)

    def add_visits(
        self, visits: Iterable[Visits], columns: Sequence[Column], order: Mapping[tuple[int, str], int]
    ) -> None:
        by_id = {column.pk: column for column in columns}
        now = {digest: name for (_pk, digest), name in self._names.items()}
        for one in visits:
            column = by_id[one.column]
            row = self._of(now.get(one.digest, one.version), one.digest)
            if one.version and one.version != row.version:
                row.also.add(one.version)
            cell = row.cells.setdefault(column.name, Cell(column))
            cell.times += one.times
            cell.left = max(cell.left or one.left, one.left)
            cell.order = min(filter(None, (cell.order, order.get((one.column, one.digest)))), default=None)

    def add_others(self, repository: Repository, moment: dt.datetime | None, text: str, most: int | None) -> None:
        """The versions of a repository, those included that are gone; `text`: only those it finds, `most` of them."""
        tags = Tag.objects.filter(repository=repository, role=Role.VERSION)
        if text:
            tags = tags.filter(name__icontains=text)
            if most is not None:
                tags = Tag.objects.filter(pk__in=list(tags.values_list("pk", flat=True)[:most]))
        there = standings(tags, moment)
        names = _names(repository, moment, {tag.digest for tag in there if tag.digest}) if text else image_names(there)
        for tag in there:
            if tag.digest:
                self._call(tag.name, names.get((repository.pk, tag.digest)), tag.digest)
        if text:
            gone = Movement.objects.filter(tag__in=tags.values("pk"), to_digest__isnull=True, from_digest__isnull=False)
            if moment:
                gone = gone.filter(before__lte=moment)
            for name, version, digest in gone.order_by("-before").values_list(
                "tag__name", "from_version", "from_digest"
            )[:most]:
                self._call(name, version, digest or "")

    def _call(self, name: str, version: str | None, digest: str) -> None:
        """Say that an image has, or had, this name; an image that has a row keeps it."""
        for row in self._of_digest.get(digest) or [self._of(version or name, digest)]:
            if name not in names_in(row.version):
                row.also.add(name)


def _names(repository: Repository, moment: dt.datetime | None, digests: Collection[str]) -> Names:
    tags = Tag.objects.filter(repository=repository)
    if moment:
        return image_names(standings(tags.naming(digests), moment))
    return image_names(standings(tags.names().filter(digest__in=digests), None))


def _called(repository: Repository, moment: dt.datetime | None, versions: Iterable[str]) -> dict[str, str]:
    """The images that these names stand for now, or stood for at `moment`; one query, none without names."""
    names = {name for version in versions for name in names_in(version)}
    if not names:
        return {}
    there = standings(Tag.objects.filter(repository=repository, name__in=names), moment)
    return {tag.name: tag.digest for tag in there if tag.digest}


def _pointers(repository: Repository, moment: dt.datetime | None) -> list[Column]:
    """Those that people move come first, of them those that are there and were seen to move."""
    tags = Tag.objects.filter(repository=repository).pointers()
    if moment:
        coming = Movement.objects.filter(repository=repository, after__lt=moment, before__gt=moment)
        tags = tags.filter(Q(first_seen_at__lte=moment) | Q(pk__in=coming.values("tag")))
    facts = tags.values_list("pk", "name", "first_seen_at", "state", "moved")
    ranked = sorted(
        facts,
        key=lambda tag: (is_floating(tag[1]), tag[3] == Tag.State.REMOVED, not tag[4], tag[1].lower(), tag[1]),
    )
    return [Column(pk, name, seen, state == Tag.State.REMOVED) for pk, name, seen, state, _moved in ranked]


def _columns(pointers: Sequence[Column], wanted: Collection[str]) -> tuple[Column, ...]:
    """Those that were asked for, else some that people move; versions in part where there are no others.

    Those that are gone come last.
    """
    usual = [column for column in pointers if not is_floating(column.name)] or pointers
    shown = [column for column in pointers if column.name in wanted] or usual[:MOST_COLUMNS]
    return tuple(sorted(shown, key=lambda column: (column.is_removed, alphabetical(column.name))))


def _choices(pointers: Sequence[Column], columns: Collection[Column]) -> tuple[Choice, ...]:
    """What is shown is always among them."""
    listed = pointers[:MOST_CHOICES]
    return tuple(Choice(one.name, one in columns) for one in pointers if one in columns or one in listed)


def _since_they_came(
    standing: Iterable[Standing], moves: MovementQuerySet, columns: Iterable[Column]
) -> list[Standing]:
    """Since each came to its version, not to the last build of it; one query."""
    by_name = {column.name: column for column in columns}
    last = moves.filter(tag=OuterRef("pk")).newest_first()
    came = last.exclude(STAYED)
    ends = (Subquery(last.values("pk")[:1]), Subquery(came.values("pk")[:1]))
    began = (Subquery(came.values("after")[:1]), Subquery(came.values("before")[:1]))
    facts = Tag.objects.filter(pk__in=[column.pk for column in by_name.values()]).values_list("name", *ends, *began)
    beginnings = {
        name: {"after": after, "before": before or by_name[name].first_seen_at}
        for name, last_move, came_by, after, before in facts
        if last_move != came_by
    }
    return [tag._replace(**beginnings.get(tag.name, {})) for tag in standing]


def _visits(moves: MovementQuerySet, most: int | None) -> list[Visits]:
    """Counted by the database, for a pointer may have moved a hundred thousand times."""
    left = moves.filter(from_digest__isnull=False).exclude(STAYED).order_by()
    counted = left.values("tag", "from_digest", "from_version").annotate(times=Count("pk"), left=Max("before"))
    facts = ("tag", "from_digest", "from_version", "times", "left")
    return [Visits(*row) for row in counted.order_by("-left", "tag").values_list(*facts)[:most]]


def _order(visits: Iterable[Visits], here: Collection[tuple[int, str | None]]) -> dict[tuple[int, str], int]:
    """(column, digest) -> how many images ago the column left it, unless it is `here`; `visits` come newest first."""
    order: dict[tuple[int, str], int] = {}
    left: defaultdict[int, int] = defaultdict(int)
    for one in visits:
        key = one.column, one.digest
        if key not in order and key not in here:
            left[one.column] += 1
            order[key] = left[one.column]
    return order


def _newest_first(rows: Iterable[Row], columns: Sequence[Column]) -> list[Row]:
    """By version, then what has none by when it was last there."""
    ordered = sorted(
        rows, key=lambda row: (1, sort_key(row.version)) if row.version else (0, (row.is_now, row.last, row.name))
    )
    for row in ordered:
        row.in_order = tuple(row.cells.get(column.name) for column in columns)
    return ordered[::-1]


def _watch(repository: Repository, moment: dt.datetime | None) -> Watch:
    stretches = Coverage.objects.filter(repository=repository)
    if moment:
        stretches = stretches.filter(since__lte=moment)
    forgotten = Q(reason=Coverage.FORGOTTEN)
    facts = stretches.aggregate(
        since=Min("since", filter=Q(watched=True)),
        gaps=Count("pk", filter=Q(watched=False) & ~forgotten),
        forgotten=Max("until", filter=forgotten),
    )
    return Watch(facts["forgotten"] or facts["since"], facts["gaps"], is_cut=facts["forgotten"] is not None)
