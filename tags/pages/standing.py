"""Where tags stand at the moment a page is about: now, or then."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Case, Q, Value, When

from tags.models import Movement, Tag
from tags.versions import Role, display_version

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from tags.models import Repository
    from tags.models.tag import TagQuerySet


class Standing(NamedTuple):
    """One tag at one moment; `leaving_*` are set when a move was under way at it.

    `looked_at` and `swept` are the row's, of a tag as it stands now: `Looks` tells what they mean.
    """

    repository_id: int
    name: str
    role: str
    state: str
    digest: str | None
    after: dt.datetime | None
    before: dt.datetime
    looked_at: dt.datetime | None = None
    swept: bool = False
    leaving_after: dt.datetime | None = None
    leaving_before: dt.datetime | None = None
    leaving_to: str | None = None

    @property
    def is_missing(self) -> bool:
        return self.state == Tag.State.MISSING


def standings(tags: TagQuerySet, moment: dt.datetime | None) -> list[Standing]:
    """Those of `tags` that are there now, or were at `moment`; one query."""
    if moment is None:
        facts = ("repository_id", "name", "role", "state", "digest", "after", "before", "looked_at", "swept")
        return [Standing(*row) for row in tags.present().values_list(*facts)]
    return [
        Standing(
            tag.repository_id, tag.name, tag.role,
            Tag.State.MISSING if tag.missing_then else Tag.State.PRESENT, tag.digest_then,
            tag.after_then, tag.before_then or tag.first_seen_at,
            leaving_after=tag.leaving_after, leaving_before=tag.leaving_before, leaving_to=tag.leaving_to,
        )
        for tag in tags.at(moment)
    ]  # fmt: skip


class Naming(NamedTuple):
    """One name and the digest it stood on at one moment; when it came there costs more to ask: see `Standing`."""

    name: str
    role: str
    state: str
    digest: str | None
    looked_at: dt.datetime | None = None
    swept: bool = False

    @property
    def is_missing(self) -> bool:
        return self.state == Tag.State.MISSING


def namings(repository: Repository, moment: dt.datetime | None) -> list[Naming]:
    """Every shown tag of a repository that is there now, or was at `moment`; one query, or two.

    Of what has not moved since `moment`, the row tells what it pointed to then: only the others are worked out.
    """
    tags = repository.tags.shown()
    if moment is None:
        facts = ("name", "role", "state", "digest", "looked_at", "swept")
        return list(map(Naming._make, tags.present().values_list(*facts)))
    later = Movement.objects.filter(repository=repository, before__gt=moment).values("tag")
    is_missing = Q(missing_since__isnull=False, missing_since__lte=moment)
    still = tags.filter(Q(digest__isnull=False) | is_missing, first_seen_at__lte=moment).exclude(pk__in=later)
    state = Case(When(is_missing, then=Value(Tag.State.MISSING.value)), default=Value(Tag.State.PRESENT.value))
    return [
        *(Naming(*row) for row in still.values_list("name", "role", state, "digest")),
        *(Naming(tag.name, tag.role, tag.state, tag.digest) for tag in standings(tags.filter(pk__in=later), moment)),
    ]


Names = dict[tuple[int, str], str]


def version_names(versions: Iterable[Standing]) -> Names:
    """What to call each digest in each repository: (repository id, digest) -> display version."""
    found: dict[tuple[int, str], list[str]] = {}
    for tag in versions:
        if tag.role == Role.VERSION and tag.digest is not None:
            found.setdefault((tag.repository_id, tag.digest), []).append(tag.name)
    return {key: name for key, names in found.items() if (name := display_version(names))}


def names_of(pointers: Iterable[Standing], moment: dt.datetime | None) -> Names:
    """What to call the digests that these pointers stand on, or were on their way to; one query."""
    repositories = {tag.repository_id for tag in pointers}
    digests = {digest for tag in pointers for digest in (tag.digest, tag.leaving_to) if digest}
    return version_names(standings(Tag.objects.filter(repository__in=repositories).naming(digests), moment))


def former_names(pointers: Iterable[Standing], names: Names, moment: dt.datetime | None) -> Names:
    """What the digests without a version were last called, up to `moment`; one query, none where all have a version."""
    nameless = {(tag.repository_id, tag.digest) for tag in pointers if tag.digest} - names.keys()
    if not nameless:
        return {}
    moves = Movement.objects.filter(repository__in={repository for repository, _digest in nameless})
    if moment:
        moves = moves.filter(before__lte=moment)
    return moves.last_names({digest for _repository, digest in nameless})
