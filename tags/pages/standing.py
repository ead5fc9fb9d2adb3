"""Where tags stand at the moment a page is about: now, or then."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext as _

from tags.models import Movement, Tag
from tags.pages.versionsathand import NOTHING
from tags.versions import Role, image_name

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    from tags.models import Repository
    from tags.models.tag import TagQuerySet
    from tags.pages.versionsathand import AtHand


class Standing(NamedTuple):
    """One tag at one moment; `leaving_*` are set when a move was under way at it, `leaving_to` None: it was to be gone.

    `looked_at`, `swept` and `disputed_since` are the row's, of a tag as it stands now: `Looks` tells what the first
    two mean.
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
    disputed_since: dt.datetime | None = None
    leaving_after: dt.datetime | None = None
    leaving_before: dt.datetime | None = None
    leaving_to: str | None = None

    @classmethod
    def of(cls, tag: Tag) -> Standing:
        """Where a tag stands now, of which the whole row is at hand."""
        facts = (tag.repository_id, tag.name, tag.role, tag.state, tag.digest, tag.after, tag.before)
        return cls(*facts, tag.looked_at, tag.swept, tag.disputed_since)

    @property
    def is_missing(self) -> bool:
        return self.state == Tag.State.MISSING

    @property
    def is_coming(self) -> bool:
        """Whether it may have been there already: the next look saw it, and the last one did not."""
        return self.leaving_before is not None and self.digest is None

    @property
    def since(self) -> tuple[dt.datetime | None, dt.datetime | None]:
        """Between which times it came to be so; of what is only coming that is not so yet."""
        return (None, None) if self.is_coming else (self.after, self.before)


def under_way(to: str | None, *, is_coming: bool) -> str:
    """What is said of a move that was under way: words with a {version} and a {when}."""
    if is_coming:
        return _("coming, pointing to {version}, {when}")
    return _("moving to {version} {when}") if to else _("being removed {when}")


def nameless(was: str) -> str:
    """What to call an image that has no version tag; `was` is what it was last called, if it ever had one."""
    return _("no version tag (was %s)") % was if was else _("no version tag")


def standings(tags: TagQuerySet, moment: dt.datetime | None) -> list[Standing]:
    """Those of `tags` that are there now, or were at `moment`, or may have been; one query."""
    if moment is None:
        facts = ("repository_id", "name", "role", "state", "digest", "after", "before")
        return [Standing(*row) for row in tags.present().values_list(*facts, "looked_at", "swept", "disputed_since")]
    whereabouts = ("repository_id", "name", "role", "missing_then", "digest_then", "after_then", "before_then")
    then = tags.at(moment).values_list(*whereabouts, "first_seen_at", "leaving_after", "leaving_before", "leaving_to")
    return [
        Standing(
            repository, name, role, _state(is_missing=is_missing, digest=digest), digest,
            after, before or first_seen_at,
            leaving_after=leaving_after, leaving_before=leaving_before, leaving_to=leaving_to,
        )
        for (
            repository, name, role, is_missing, digest, after, before, first_seen_at,
            leaving_after, leaving_before, leaving_to,
        ) in then
    ]  # fmt: skip


def _state(*, is_missing: bool, digest: str | None) -> Tag.State:
    if is_missing:
        return Tag.State.MISSING
    return Tag.State.PRESENT if digest else Tag.State.UNKNOWN


# Name, role, state, and the digest it stood on at one moment; when it came there costs more to ask: see `Standing`.
# As the database hands it over, for a repository may have ten thousand, of which few are shown.
Naming = tuple[str, str, str, str | None]


def namings(repository: Repository, moment: dt.datetime | None) -> list[Naming]:
    """Every shown tag of a repository that is there now, or was at `moment`; one query, or two.

    Of what has not moved since `moment`, the row tells what it pointed to then: only the others are worked out.
    """
    tags = repository.tags.shown()
    if moment is None:
        return list(tags.present().values_list("name", "role", "state", "digest"))
    later = Movement.objects.filter(repository=repository, before__gt=moment).values("tag")
    is_missing = Q(missing_since__isnull=False, missing_since__lte=moment)
    still = tags.filter(Q(digest__isnull=False) | is_missing, first_seen_at__lte=moment).exclude(pk__in=later)
    state = Case(When(is_missing, then=Value(Tag.State.MISSING.value)), default=Value(Tag.State.PRESENT.value))
    return [
        *still.values_list("name", "role", state, "digest"),
        *((tag.name, tag.role, tag.state, tag.digest) for tag in standings(tags.filter(pk__in=later), moment)),
    ]


Names = dict[tuple[int, str], str]


def image_names(tags: Iterable[Standing]) -> Names:
    """What to call each digest in each repository: (repository id, digest) -> its name."""
    return _names((tag.repository_id, tag.digest, tag.role, tag.name) for tag in tags)


def _names(tags: Iterable[tuple[int, str | None, str, str]]) -> Names:
    versions: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    pointers: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for repository, digest, role, name in tags:
        if digest is not None and role != Role.ATTACHMENT:
            (versions if role == Role.VERSION else pointers)[repository, digest].append(name)
    found = {key: image_name(versions.get(key, ()), pointers.get(key, ())) for key in {**versions, **pointers}}
    return {key: name for key, name in found.items() if name}


def names_of(pointers: Collection[Standing], moment: dt.datetime | None, at_hand: AtHand = NOTHING) -> Names:
    """What to call the digests that these pointers stand on, or were on their way to; one query.

    None where the versions of their repositories are at hand, of which there must be no other pointers.
    """
    if at_hand.repositories:
        versions = ((tag.repository_id, tag.digest, Role.VERSION, tag.name) for tag in at_hand.versions)
        named = [tag for tag in pointers if tag.repository_id in at_hand.repositories]
        found = _names(chain(versions, ((tag.repository_id, tag.digest, tag.role, tag.name) for tag in named)))
        others = [tag for tag in pointers if tag.repository_id not in at_hand.repositories]
        return found | names_of(others, moment) if others else found
    repositories = {tag.repository_id for tag in pointers}
    digests = {digest for tag in pointers for digest in (tag.digest, tag.leaving_to) if digest}
    if moment:
        tags = Tag.objects.filter(repository__in=repositories).order_by().naming(digests).at(moment)
        return _names(tags.values_list("repository_id", "digest_then", "role", "name"))
    # Not of these repositories alone: SQLite would look for each digest in each of them, and few are in others as well.
    # Which pointers are versions in part is asked of the few that it matters for: SQLite would ask Python for each row.
    there = Tag.objects.shown().filter(digest__in=digests).present().order_by()
    return _names(there.values_list("repository_id", "digest", "role", "name"))


def former_names(pointers: Iterable[Standing], names: Names, moment: dt.datetime | None) -> Names:
    """What the digests without a version were last called, up to `moment`; one query, none where all have a version."""
    nameless = {(tag.repository_id, tag.digest) for tag in pointers if tag.digest} - names.keys()
    if not nameless:
        return {}
    repositories = {repository for repository, _digest in nameless}
    return Movement.objects.last_names({digest for _repository, digest in nameless}, repositories, moment)
