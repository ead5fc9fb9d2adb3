"""The board: every repository a row, every deployment tag a column, the version in the cell.

Which rows and columns there are depends on all pointers of all repositories, so of those as little is read as decides
it. What a row shows is read for the rows of one page only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count

from tags.models import Repository, Tag
from tags.pages.filtering import begins, did_you_mean, is_in
from tags.pages.knowledge import unknown_because
from tags.versions import is_deployment, is_floating

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


MOST_COLUMNS = 6  # that nobody chose
MOST_OFFERED = 200  # names to choose from: those that most repositories have

Key = tuple[int, str]  # of a pointer: repository id and name


class Asked(NamedTuple):
    """What people want to see of the board, and as it was when; `than`: compared with that moment."""

    moment: dt.datetime | None
    now: dt.datetime
    than: dt.datetime | None = None
    text: str = ""
    columns: tuple[str, ...] = ()
    only_changed: bool = False


class Listed(NamedTuple):
    """A repository, by what decides whether it is among the rows."""

    pk: int
    name: str
    address: str  # of its registry

    @property
    def reference(self) -> str:
        return f"{self.address}/{self.name}"


@dataclass(frozen=True, slots=True)
class Board:
    """Which rows and columns there are, and which of their cells are marked."""

    asked: Asked
    columns: tuple[str, ...]
    are_chosen: bool  # the columns; else they are those that most repositories have
    offered: tuple[str, ...]  # pointers that may be chosen as columns
    nowhere: tuple[str, ...]  # columns that were asked for, and no repository has
    repositories: tuple[Listed, ...]  # the rows
    total: int  # rows before the filter
    matching: int  # rows that the text finds, changed or not
    has_others: bool
    found: Collection[Key]
    changed: Collection[Key]
    unsure: Collection[Key]  # moving at one of both moments, so that they may have changed
    unknown: Mapping[int, str]
    unknown_before: Mapping[int, str]
    changes: int  # changed cells in the rows that the text finds
    doubts: int  # cells in those rows that may have changed
    not_comparable: int  # rows that the text finds, of which one of both moments is not known
    suggestion: str  # what was perhaps meant by a text that finds nothing


def board(asked: Asked) -> Board:
    """The rows that the text finds: by image, by pointer, or by version or digest of what a pointer is on."""
    repositories = [Listed(*facts) for facts in Repository.objects.values_list("pk", "name", "registry__address")]
    # Else every row is shown and no cell is marked: only how common each pointer is counts then.
    is_each_of_interest = bool(asked.text or asked.than)
    unknown = unknown_because(repositories, asked.moment, asked.now) if asked.moment else {}
    unknown_before = unknown_because(repositories, asked.than, asked.now) if asked.than else {}
    places = _places(asked.moment, unknown) if is_each_of_interest else {}
    spots = {key: place.digest for key, place in places.items()}
    before = _places(asked.than, unknown_before) if asked.than else {}
    incomparable = {*unknown, *unknown_before}
    changed, unsure = _changed(places, before, incomparable) if asked.than else (set[Key](), set[Key]())
    keys = places.keys() | changed | unsure
    versions = _versions(spots, asked.moment) if asked.text else {}
    found = (
        {key for key in keys if _finds(asked.text, key[1], versions.get((key[0], spots.get(key))), spots.get(key))}
        if asked.text
        else set()
    )
    having_found, having_changed = ({repository for repository, _name in some} for some in (found, changed | unsure))
    matching = [
        repository
        for repository in repositories
        if repository.pk in having_found or is_in(asked.text, (repository.reference,))
    ]
    of_matching = {repository.pk for repository in matching}
    rows = [repository for repository in matching if not asked.only_changed or repository.pk in having_changed]
    of_rows = {repository.pk for repository in rows}
    if is_each_of_interest:
        everywhere = Counter(name for _repository, name in keys)
        counts = Counter(name for repository, name in keys if repository in of_rows)
    else:
        everywhere = counts = _counts(asked.moment, unknown)
    chosen = {name for name in asked.columns if name in everywhere}
    columns = _alphabetically(chosen) if chosen else _usual(counts, {name for pk, name in found if pk in of_rows})
    return Board(
        asked=asked,
        columns=columns,
        are_chosen=bool(chosen),
        offered=_offered(everywhere, columns),
        nowhere=tuple(name for name in asked.columns if name not in everywhere),
        repositories=tuple(rows),
        total=len(repositories),
        matching=len(matching),
        has_others=any(name not in columns for name in counts),
        found=found,
        changed=changed,
        unsure=unsure,
        unknown=unknown,
        unknown_before=unknown_before,
        changes=sum(repository in of_matching for repository, _name in changed),
        doubts=sum(repository in of_matching for repository, _name in unsure),
        not_comparable=len(of_matching & {*unknown, *unknown_before}) if asked.than else 0,
        suggestion="" if matching else did_you_mean(asked.text, _names(repositories, keys, versions)),
    )


class Place(NamedTuple):
    """What a pointer is on, and while it moves what it is on its way to (None: it is to be gone).

    Without a digest it has no image or, while it moves, is not there yet.
    """

    digest: str | None
    ahead: str | None = None
    is_moving: bool = False

    @property
    def has_no_image(self) -> bool:
        return self.digest is None and not self.is_moving

    @property
    def possible(self) -> set[str]:
        """All that it may be on; GONE is no image."""
        return {self.digest or GONE, *([self.ahead or GONE] if self.is_moving else [])}


Places = dict[Key, Place]
GONE = ""


def _places(moment: dt.datetime | None, unknown: Collection[int]) -> Places:
    """One query."""
    pointers = Tag.objects.pointers().order_by()
    if moment is None:
        there = pointers.present().values_list("repository_id", "name", "digest")
        return {(repository, name): Place(digest) for repository, name, digest in there if repository not in unknown}
    then = pointers.at(moment).values_list("repository_id", "name", "digest_then", "leaving_to", "leaving_before")
    return {
        (repository, name): Place(digest, ahead, before is not None)
        for repository, name, digest, ahead, before in then
        if repository not in unknown
    }


def _counts(moment: dt.datetime | None, unknown: Collection[int]) -> Counter[str]:
    """How many repositories have each pointer; one query."""
    pointers = Tag.objects.pointers().order_by()
    there = pointers.exclude(repository__in=unknown).at(moment) if moment else pointers.present()
    return Counter(dict(there.values_list("name").annotate(Count("pk"))))


def _versions(spots: Mapping[Key, str | None], moment: dt.datetime | None) -> dict[tuple[int, str | None], list[str]]:
    """All names of what pointers are on; one query."""
    digests = {digest for digest in spots.values() if digest}
    tags = Tag.objects.order_by()
    facts = (
        tags.naming(digests).at(moment).values_list("repository_id", "digest_then", "name")
        if moment
        else tags.present()
        .names()
        .filter(digest__in=Tag.objects.pointers().present().order_by().values("digest"))
        .values_list("repository_id", "digest", "name")
    )
    found: defaultdict[tuple[int, str | None], list[str]] = defaultdict(list)
    for repository, digest, name in facts:
        if digest:
            found[repository, digest].append(name)
    return found


def _changed(places: Places, before: Places, incomparable: Collection[int]) -> tuple[set[Key], set[Key]]:
    """The pointers that are elsewhere than before, and those that moved at one of both moments and so may be.

    Where one of both is not known, nobody can tell.
    """
    changed: set[Key] = set()
    unsure: set[Key] = set()
    for key in places.keys() | before.keys():
        both = [there[key] for there in (places, before) if key in there]
        if key[0] in incomparable or (len(both) == 2 and any(place.has_no_image for place in both)):
            continue
        now, then = (there[key].possible if key in there else {GONE} for there in (places, before))
        if not now & then or (len(both) == 1 and not both[0].is_moving):
            changed.add(key)
        elif len(now | then) > 1:
            unsure.add(key)
    return changed, unsure


def _finds(text: str, name: str, versions: Iterable[str] | None, digest: str | None) -> bool:
    return is_in(text, (name, *(versions or ()))) or begins(text, digest)


def _names(
    repositories: Sequence[Listed], keys: Collection[Key], versions: Mapping[tuple[int, str | None], Iterable[str]]
) -> Iterator[str]:
    """What one can look for on the board: pointers, images, versions."""
    yield from sorted({name for _repository, name in keys})
    yield from (repository.name.removeprefix("library/") for repository in repositories)
    yield from (name for names in versions.values() for name in names)


def _usual(counts: Counter[str], found: Collection[str]) -> tuple[str, ...]:
    """The pointers that people look for or that most repositories have, no floating versions; alphabetically."""
    whole = [name for name in counts if not is_floating(name)]
    ranked = sorted(whole, key=lambda name: (name not in found, *_rank(counts, name)))
    return _alphabetically(ranked[:MOST_COLUMNS])


def _offered(counts: Counter[str], columns: Collection[str]) -> tuple[str, ...]:
    whole = [name for name in counts if not is_floating(name)]
    common = sorted(whole, key=lambda name: _rank(counts, name))[:MOST_OFFERED]
    return _alphabetically({*common, *columns})


def _rank(counts: Counter[str], name: str) -> tuple[int, bool, str]:
    """In how many repositories it is; of those that are in as many, first what people call their deployments."""
    return -counts[name], not is_deployment(name), name


def _alphabetically(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names, key=lambda name: (name.lower(), name)))
