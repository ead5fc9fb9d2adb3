"""Who points, and pointed, to one digest: the stays of all tags on it, in every repository and registry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from tags.models import Movement, Tag
from tags.models.movement import short
from tags.pages.standing import Standing, names_of
from tags.versions import Role, image_name, sort_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from django.db.models import QuerySet
    from django_stubs_ext import WithAnnotations

    from tags.models import Image, Repository
    from tags.models.movement import Came, MovementQuerySet
    from tags.models.tag import TagQuerySet, Then
    from tags.pages.standing import Names

MOST_MATCHES = 20
MOST_SHOWN = 100  # stays in one table; exports have them all
LONG = 120  # characters of a label that are shown unfolded


class Stay(NamedTuple):
    """A time of one tag on the digest; `left` is the movement that ended it, None: it was there at the page's moment.

    `leaving_*` are set when a move was under way at that moment, `ahead` is what the image is called that it went to.
    """

    tag: Tag
    after: dt.datetime | None
    before: dt.datetime
    left: Movement | None = None
    is_missing: bool = False
    leaving_after: dt.datetime | None = None
    leaving_before: dt.datetime | None = None
    leaving_to: str | None = None
    ahead: str = ""
    is_disputed: bool = False  # by the registry's servers


def standing_on(digest: str, moment: dt.datetime | None) -> list[Stay]:
    """Who is on this digest now, or was at `moment`; one query, or three."""
    tags = Tag.objects.shown().select_related("repository__registry")
    if moment is None:
        return [
            Stay(
                tag, tag.after, tag.before,
                is_missing=tag.state == Tag.State.MISSING, is_disputed=tag.disputed_since is not None,
            )
            for tag in tags.filter(digest=digest)
        ]  # fmt: skip
    there = tags_on([digest], tags, moment)
    names = names_of([Standing.of(tag)._replace(leaving_to=tag.leaving_to) for tag in there], moment)
    return [
        Stay(
            tag, tag.after_then, tag.before_then or tag.first_seen_at, None, tag.missing_then,
            tag.leaving_after, tag.leaving_before, tag.leaving_to,
            _called(names, tag.repository_id, tag.leaving_to),
        )
        for tag in there
    ]  # fmt: skip


def tags_on(digests: Collection[str], tags: TagQuerySet, moment: dt.datetime) -> list[WithAnnotations[Tag, Then]]:
    """Those of `tags` that were on one of these digests at `moment`, as they were then; two queries."""
    later = departures(*digests).filter(before__gt=moment).values("tag")
    found = {tag.pk: tag for some in (Q(digest__in=digests), Q(pk__in=later)) for tag in tags.filter(some).at(moment)}
    return [tag for tag in found.values() if tag.digest_then in digests]


def _called(names: Names, repository: int, digest: str | None) -> str:
    return names.get((repository, digest)) or short(digest) if digest else ""


def moves_away(digest: str, moment: dt.datetime) -> QuerySet[WithAnnotations[Movement, Came]]:
    """The moves by which tags had left this digest by `moment`, the last one first; for `stays_ended`."""
    moves = departures(digest).filter(before__lte=moment).with_predecessors()
    return moves.for_sentences().newest_first().with_arrivals()


def stays_ended(moves: Iterable[WithAnnotations[Movement, Came]]) -> Iterator[Stay]:
    """The times that ended with these moves; who left without having come was there when it was first seen."""
    for move in moves:
        yield Stay(move.tag, move.came_after, move.came_before or move.tag.first_seen_at, move)


def was_ever_pointed_at(digest: str) -> bool:
    return Tag.objects.shown().filter(digest=digest).exists() or departures(digest).exists()


def departures(*digests: str) -> MovementQuerySet:
    """The moves by which tags left one of these digests."""
    return Movement.objects.filter(from_digest__in=digests).exclude(tag__role=Role.ATTACHMENT)


@dataclass(frozen=True, slots=True)
class Where:
    """The stays in one repository; `unknown` says why it is not known who was there, if it is not."""

    repository: Repository
    stays: tuple[Stay, ...]
    unknown: str = ""

    @property
    def shown(self) -> tuple[Stay, ...]:
        return self.stays[:MOST_SHOWN]

    @property
    def not_shown(self) -> int:
        return len(self.stays) - len(self.shown)


def here(found: Iterable[Stay], unknown: Mapping[int, str]) -> list[Where]:
    """Who is on the digest, repository by repository, pointers first."""
    of: defaultdict[int, list[Stay]] = defaultdict(list)
    for stay in found:
        of[stay.tag.repository_id].append(stay)
    wheres = [
        Where(in_it[0].tag.repository, tuple(sorted(in_it, key=_pointers_first)), unknown.get(repository, ""))
        for repository, in_it in of.items()
    ]
    return sorted(wheres, key=lambda where: where.repository.reference)


def _pointers_first(stay: Stay) -> tuple[object, ...]:
    return stay.tag.role != Role.POINTER, sort_key(stay.tag.name)


def called(wheres: Iterable[Where], was: Iterable[Stay]) -> str:
    """What people call the image: its version where it is, else the one it last had; empty when it never had one."""
    here = [stay.tag for where in wheres for stay in where.stays]
    versions, pointers = ([tag.name for tag in here if tag.role == role] for role in (Role.VERSION, Role.POINTER))
    if name := image_name(versions, pointers):
        return name
    for stay in was:
        if stay.tag.role == Role.VERSION:
            return stay.tag.name
        if stay.left and stay.left.from_version:
            return stay.left.from_version
    return ""


class Label(NamedTuple):
    key: str
    value: str

    @property
    def is_long(self) -> bool:
        return len(self.value) > LONG or "\n" in self.value

    @property
    def beginning(self) -> str:
        """What is seen of a long one before it is unfolded."""
        return self.value.partition("\n")[0][:LONG]


def labels_of(image: Image) -> list[Label]:
    return [Label(str(key), str(value)) for key, value in sorted(image.labels.items())]
