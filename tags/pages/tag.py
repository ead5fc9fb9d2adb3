"""One tag: what it points to now or then and who else does, what it was on before, and what to compare it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from django.db.models import Q

from tags.models import Image
from tags.models.movement import short
from tags.pages.compare import told
from tags.pages.journal import comparison, last_with_sides
from tags.pages.knowledge import unknown_because
from tags.pages.shortcuts import last_friday
from tags.pages.sourcecode import commit_link, revision_of
from tags.pages.standing import Standing, former_names, image_names, names_of, standings
from tags.versions import Role, also_known_as, names_in

if TYPE_CHECKING:
    import datetime as dt

    from tags.models import Tag
    from tags.models.movement import MovementQuerySet
    from tags.pages.sourcecode import Link

MOST_FORMER = 12  # versions that a tag was on before
READ_FOR_FORMER = 500  # movements


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tag is: without a `standing` it is not there, or, by `unknown`, nobody can say."""

    standing: Standing | None = None
    unknown: str = ""
    version: str = ""
    was: str = ""  # what an image without a version was last called
    also_known_as: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()  # the others that are there
    image: Image | None = None
    leaving_to: str = ""  # what it is called that it was on its way to

    @property
    def digest(self) -> str | None:
        return self.standing.digest if self.standing else None

    @property
    def versions(self) -> list[str]:
        """The tags whose names its version joins."""
        return names_in(self.version)

    @property
    def image_url(self) -> str:
        return f"/{self.digest}/"

    @property
    def revision(self) -> str:
        return revision_of(self.image.labels) if self.image else ""

    @property
    def commit(self) -> Link | None:
        return commit_link(self.image.labels) if self.image else None


def place_of(tag: Tag, moment: dt.datetime | None, now: dt.datetime) -> Place:
    """Where the tag is now, or was at that moment."""
    repository = tag.repository
    if moment and (unknown := unknown_because([repository], moment, now).get(repository.pk, "")):
        return Place(unknown=unknown)
    here = next(iter(standings(repository.tags.filter(pk=tag.pk), moment)), None)
    if here is None or here.digest is None:
        return Place(here, leaving_to=_ahead(here, moment) if here else "")
    same = _pointing_to(tag, here.digest, moment)
    key, names = (repository.pk, here.digest), image_names(same)
    versions = [other.name for other in same if other.role == Role.VERSION]
    return Place(
        here,
        version=names.get(key, ""),
        was=former_names(same, names, moment).get(key, ""),
        also_known_as=tuple(name for name in also_known_as(versions) if name != tag.name),
        pointers=tuple(sorted(other.name for other in same if other.role == Role.POINTER and other.name != tag.name)),
        image=Image.objects.filter(pk=here.digest).first(),
        leaving_to=_ahead(here, moment),
    )


def _ahead(here: Standing, moment: dt.datetime | None) -> str:
    """What the image is called that a tag was on its way to; one query, none where it was not moving."""
    if here.leaving_to is None:
        return ""
    return names_of([here], moment).get((here.repository_id, here.leaving_to)) or short(here.leaving_to)


def _pointing_to(tag: Tag, digest: str, moment: dt.datetime | None) -> list[Standing]:
    """The tags of its repository that point to this digest, or did at that moment."""
    tags = tag.repository.tags
    if moment is None:
        return standings(tags.filter(digest=digest), None)
    left = tag.repository.movements.filter(from_digest=digest).values("tag")
    there = standings(tags.filter(Q(digest=digest) | Q(pk__in=left)), moment)
    return [standing for standing in there if standing.digest == digest]


class Comparisons(NamedTuple):
    """Where a tag is compared with before its last move, and with last Friday; empty: there is nothing to compare."""

    last_move: str
    since_friday: str


def comparisons(tag: Tag, moves: MovementQuerySet, moment: dt.datetime | None, now: dt.datetime) -> Comparisons:
    """`moves` are the tag's."""
    last_move = last_with_sides(_until(moves, moment))
    friday, reference = last_friday(moment or now).moment, str(tag)
    sides = {"a": told(reference, friday), "b": told(reference, moment)}
    return Comparisons(
        comparison(last_move) if last_move else "",
        f"/compare/?{urlencode(sides)}" if tag.first_seen_at <= friday else "",
    )


class Former(NamedTuple):
    """What a tag was on before: a version or, of an image that had none, its digest."""

    version: str | None
    digest: str | None

    @property
    def versions(self) -> list[str]:
        """The tags whose names its version joined."""
        return names_in(self.version)

    @property
    def image_url(self) -> str:
        return f"/{self.digest}/"


def formers(moves: MovementQuerySet, moment: dt.datetime | None, place: Place) -> list[Former]:
    """What a tag was on, by its moves, but for where it is; the last one first.

    Where it is not known where it is, the last known one is what its last move led to.
    """
    moves = _until(moves, moment).newest_first()
    rows = list(moves.filter(from_digest__isnull=False).values_list("from_version", "from_digest")[:READ_FOR_FORMER])
    if place.unknown:
        rows = [*moves.values_list("to_version", "to_digest")[:1], *rows]
    found = dict.fromkeys(Former(version, None if version else digest) for version, digest in rows if digest)
    found.pop(Former(place.version, None) if place.version else Former(None, place.digest), None)
    return list(found)[:MOST_FORMER]


def _until(moves: MovementQuerySet, moment: dt.datetime | None) -> MovementQuerySet:
    return moves.filter(before__lte=moment) if moment else moves
