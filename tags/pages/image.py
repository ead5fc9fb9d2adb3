"""Who points, and pointed, to one digest: the stays of all tags on it, in every repository and registry."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q
from django.utils import timezone

from tags.models import Movement, Repository, Tag
from tags.pages import clock
from tags.versions import Role, image_name, sort_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from tags.models import Image

MOST_MOVES = 1000  # the newest, to and from one digest: a tag may have gone back and forth for years
SHORTEST_PREFIX = 7  # of hexadecimal digits, as they are shown
MOST_MATCHES = 20
MOST_SHOWN = 100  # stays in one table; exports have them all
LONG = 120  # characters of a label that are shown unfolded


class Stay(NamedTuple):
    """A time of one tag on the digest; `left` is the movement that ended it, None: it is there still."""

    tag: Tag
    after: dt.datetime | None
    before: dt.datetime
    left: Movement | None

    def is_at(self, moment: dt.datetime) -> bool:
        return self.before <= moment and not self.was_before(moment)

    def was_before(self, moment: dt.datetime) -> bool:
        return self.left is not None and self.left.before <= moment

    @property
    def came_at(self) -> str:
        return clock.between(self.after, self.before, timezone.now())

    @property
    def left_at(self) -> str:
        return clock.between(self.left.after, self.left.before, timezone.now()) if self.left else ""

    @property
    def is_missing(self) -> bool:
        return self.left is None and self.tag.state == Tag.State.MISSING


def stays(digest: str) -> list[Stay]:
    """All stays of tags on this digest, but for those before the newest `MOST_MOVES`. Three queries."""
    now_here = Tag.objects.shown().filter(digest=digest).select_related("repository__registry")
    tags = {tag.pk: tag for tag in now_here}
    moves = _moves(digest)
    by_tag: defaultdict[int, list[Movement]] = defaultdict(list)
    for move in moves:
        by_tag[move.tag_id].append(move)
        tags.setdefault(move.tag_id, move.tag)
    is_cut = len(moves) >= MOST_MOVES
    return [
        stay
        for pk, tag in tags.items()
        if tag.role != Role.ATTACHMENT
        for stay in _of_tag(tag, by_tag[pk], digest, is_cut=is_cut)
    ]


def _moves(digest: str) -> list[Movement]:
    """The newest moves to and from a digest, oldest first.

    Repositories are named, all of them, since the indexes by digest begin with the repository.
    """
    moves = Movement.objects.filter(repository__in=Repository.objects.values("pk")).for_sentences().newest_first()
    found = {
        move.pk: move
        for side in (Q(to_digest=digest), Q(from_digest=digest))
        for move in moves.filter(side)[:MOST_MOVES]
    }
    newest = sorted(found.values(), key=lambda move: (move.before, move.pk), reverse=True)
    return list(islice(newest, MOST_MOVES))[::-1]


def _of_tag(tag: Tag, moves: Sequence[Movement], digest: str, *, is_cut: bool) -> Iterable[Stay]:
    """A tag that left without having come was there when it was first seen, unless its coming was cut off."""
    came: Movement | None = None
    for number, move in enumerate(moves):
        if move.from_digest == digest and (came or not (number or is_cut)):
            yield Stay(tag, came.after if came else None, came.before if came else tag.first_seen_at, move)
        came = move if move.to_digest == digest else None
    if tag.digest == digest:
        yield Stay(tag, tag.after, tag.before, None)


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


def here(found: Iterable[Stay], moment: dt.datetime, unknown: Mapping[int, str]) -> list[Where]:
    """Who is on the digest at `moment`, repository by repository, pointers first."""
    return _by_repository((stay for stay in found if stay.is_at(moment)), unknown)


def gone(found: Iterable[Stay], moment: dt.datetime) -> list[Stay]:
    """Who had been on the digest by `moment` and left it: the last one first."""
    left = [(stay.left.before, stay.left.pk, stay) for stay in found if stay.left and stay.was_before(moment)]
    return [stay for _before, _pk, stay in sorted(left, key=lambda stay: stay[:2], reverse=True)]


def _by_repository(found: Iterable[Stay], unknown: Mapping[int, str]) -> list[Where]:
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
