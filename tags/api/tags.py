"""GET /tags: what is where, now or at a moment in the past."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from tags import models
from tags.api.asking import ID, TAG, Listed, Moment, choice, cursor, repository_choice, text_choice, watched_repository
from tags.api.paging import page
from tags.api.shapes import ERRORS, EXAMPLE_DIGEST, FullName, Interval, Meaning, Next, Time
from tags.models.searching import digest_begins
from tags.pages.knowledge import unknown_because
from tags.pages.standing import Standing, standings
from tags.versions import Role, image_name, sort_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import WithAnnotations

    from tags.models.tag import TagQuerySet, Then

router = Router(tags=["tags"])

MOST_ALIASES = 100
_MISSING = models.Tag.State.MISSING


class TagState(StrEnum):
    PRESENT = models.Tag.State.PRESENT.value
    MISSING = models.Tag.State.MISSING.value
    REMOVED = models.Tag.State.REMOVED.value
    UNKNOWN = models.Tag.State.UNKNOWN.value


class Leaving(Interval):
    digest: str | None = Field(
        description="Where it was on its way to; null: it was on its way out.", examples=[EXAMPLE_DIGEST]
    )
    version: str | None = Field(description="What that image was called; null: it had no version.", examples=["2.1"])


class Tag(BaseModel):
    repository: FullName
    name: str = Field(examples=["production"])
    role: Meaning = Field(description="A version names a build and should stay put, a pointer is meant to move.")
    digest: str | None = Field(
        description="What it points to; null: nothing, or it is not known.", examples=[EXAMPLE_DIGEST]
    )
    version: str | None = Field(
        description="What that image is called: its most specific version tag; null: it has none.", examples=["2.0"]
    )
    aliases: list[str] = Field(
        description=f"The other tags of the repository on the same image, versions first; at most {MOST_ALIASES}.",
        examples=[["2.0", "stable"]],
    )
    since: Interval = Field(description="When it came to be so.")
    checked_at: Time | None = Field(
        description="When it was last looked at, or had been by the moment asked about; null: never, or nobody knows."
    )
    state: TagState = Field(
        description="There (`present`), listed without an image behind it (`missing`), not there any more (`removed`), "
        "or not known (`unknown`): it was not looked at yet, or at the moment asked about nobody was watching, or it "
        "was coming (see `leaving`)."
    )
    disputed_since: Time | None = Field(
        description="Since when the registry's servers, asked several times, give different answers; what was known "
        "before is told meanwhile. Null: they agree, or a moment was asked about."
    )
    leaving: Leaving | None = Field(
        description="The move that was under way at the moment asked about: somebody had looked before, and looked "
        "again after it. `digest` and the rest are as before that move; a tag that came by it is `unknown`. "
        "Null: there was none."
    )


class Tags(BaseModel):
    items: list[Tag]
    next: Next


class Asked(Listed):
    repository: str = repository_choice()
    q: str = text_choice("Only those in whose name this stands, or whose digest begins with it.", "prod")
    role: Meaning = choice("Only of this role.", "pointer")
    at: Moment = choice("As it was at this time; without it: as it is now.")
    cursor: str = cursor(f"{ID}-{TAG}", "1f-production")


@dataclass(frozen=True, slots=True)
class Row:
    """One tag at the moment asked about; without a digest where there is no image, or nobody knows of one."""

    tag: models.Tag
    state: str
    digest: str | None = None
    after: dt.datetime | None = None
    before: dt.datetime | None = None
    checked_at: dt.datetime | None = None
    leaving_after: dt.datetime | None = None
    leaving_before: dt.datetime | None = None
    leaving_to: str | None = None
    disputed_since: dt.datetime | None = None


class Names(NamedTuple):
    """The display version of an image, and the first of its tags: one more than is told, for none is its own alias."""

    version: str | None
    tags: list[str]


NAMELESS = Names(None, [])


@router.get("/tags", response={200: Tags, **ERRORS}, operation_id="tags", summary="Tags")
def tags(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """What every tag points to, repository by repository.

    Now: all tags that are or were there. At a moment in the past: those that were there then; of repositories that
    nobody watched at that moment all that were ever seen are listed, and each is `unknown`, as is what came by a move
    that was under way. Signatures, attestations
    and the like are left out.
    """
    # Apart from the tags: a sweep is long, and the same for all of a repository.
    repositories = models.Repository.objects.select_related("registry", "sweep")
    of = models.Tag.objects.shown().prefetch_related(Prefetch("repository", repositories))
    watched = None if asked.repository is None else watched_repository(asked.repository)
    if watched is not None:
        of = of.filter(repository=watched)
    if asked.role:
        of = of.filter(role=asked.role)
    if asked.cursor:
        repository, _dash, name = asked.cursor.partition("-")
        of = of.filter(Q(repository__gt=int(repository, 16)) | Q(repository=int(repository, 16), name__gt=name))
    of = of.order_by("repository_id", "name")
    rows = _now(of, asked) if asked.at is None else _then(of, asked, asked.at, watched)
    return page(rows, asked.limit, _place, lambda shown: _items(shown, asked.at))


def _now(of: TagQuerySet, asked: Asked) -> list[Row]:
    if asked.q:
        of = of.filter(Q(name__icontains=asked.q) | digest_begins(asked.q))
    return [
        Row(
            tag,
            tag.state,
            None if tag.state == _MISSING else tag.digest,
            tag.after,
            tag.before,
            tag.last_look,
            disputed_since=tag.disputed_since,
        )
        for tag in of[: asked.limit + 1]
    ]


def _then(of: TagQuerySet, asked: Asked, at: dt.datetime, watched: models.Repository | None) -> list[Row]:
    asked_of = [watched] if watched else list(models.Repository.objects.all())
    unknown = unknown_because(asked_of, at, timezone.now()).keys()
    known = of.exclude(repository__in=unknown).at(at)
    if asked.q:
        known = known.filter(Q(name__icontains=asked.q) | digest_begins(asked.q, "digest_then"))
        of = of.filter(name__icontains=asked.q)
    rows = [_row(tag, at) for tag in known[: asked.limit + 1]]
    rows += [Row(tag, models.Tag.State.UNKNOWN) for tag in of.filter(repository__in=unknown)[: asked.limit + 1]]
    # No repository is in both, and of each the names are in the order of the database.
    return sorted(rows, key=lambda row: row.tag.repository_id)[: asked.limit + 1]


def _row(tag: WithAnnotations[models.Tag, Then], at: dt.datetime) -> Row:
    under_way = (tag.leaving_after, tag.leaving_before, tag.leaving_to)
    checked_at = _last_look(tag, tag.leaving_after, at)
    if tag.missing_then or tag.digest_then:
        state, digest = (_MISSING, None) if tag.missing_then else (models.Tag.State.PRESENT, tag.digest_then)
        return Row(tag, state, digest, tag.after_then, tag.before_then or tag.first_seen_at, checked_at, *under_way)
    return Row(tag, models.Tag.State.UNKNOWN, None, None, None, checked_at, *under_way)


def _last_look(tag: models.Tag, still_there: dt.datetime | None, at: dt.datetime) -> dt.datetime | None:
    """The last look up to `at`: that of today, or the last that still saw a tag there which then moved."""
    last = tag.last_look
    return last if last and last <= at else still_there


def _place(row: Row) -> str:
    return f"{row.tag.repository_id:x}-{row.tag.name}"


def _items(rows: Sequence[Row], at: dt.datetime | None) -> list[dict[str, Any]]:
    same = _names(rows, at)
    return [_item(row, same) for row in rows]


def _item(row: Row, same: dict[tuple[int, str | None], Names]) -> dict[str, Any]:
    names = same.get((row.tag.repository_id, row.digest), NAMELESS)
    aliases = [name for name in names.tags if name != row.tag.name]
    return {
        "repository": row.tag.repository.reference,
        "name": row.tag.name,
        "role": row.tag.role,
        "digest": row.digest,
        "version": names.version,
        "aliases": aliases[:MOST_ALIASES],
        "since": {"after": row.after, "before": row.before},
        "checked_at": row.checked_at,
        "state": row.state,
        "disputed_since": row.disputed_since,
        "leaving": _leaving(row, same.get((row.tag.repository_id, row.leaving_to), NAMELESS)),
    }


def _leaving(row: Row, names: Names) -> dict[str, Any] | None:
    if row.leaving_before is None:
        return None
    return {
        "after": row.leaving_after,
        "before": row.leaving_before,
        "digest": row.leaving_to,
        "version": names.version,
    }


def _names(rows: Sequence[Row], at: dt.datetime | None) -> dict[tuple[int, str | None], Names]:
    """What the images of these rows are called, by repository and digest; one query."""
    digests = {digest for row in rows for digest in (row.digest, row.leaving_to) if digest}
    there = models.Tag.objects.shown().filter(repository__in={row.tag.repository_id for row in rows})
    here = Q(digest__in=digests)
    if at is not None:
        here |= Q(Exists(models.Movement.objects.filter(tag=OuterRef("pk"), from_digest__in=digests)))
    same: defaultdict[tuple[int, str | None], list[Standing]] = defaultdict(list)
    for tag in standings(there.filter(here), at):
        if tag.digest in digests and not tag.is_missing:
            same[tag.repository_id, tag.digest].append(tag)
    return {image: _named(found) for image, found in same.items()}


def _named(same: list[Standing]) -> Names:
    same.sort(key=lambda tag: (tag.role != Role.VERSION, sort_key(tag.name)))
    version = image_name(
        [tag.name for tag in same if tag.role == Role.VERSION], [tag.name for tag in same if tag.role == Role.POINTER]
    )
    return Names(version, [tag.name for tag in same[: MOST_ALIASES + 1]])
