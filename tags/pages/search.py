"""What a search finds: registries, images, pointers, versions, digests; the same few questions however many tags."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from tags.models import Image, Registry, Repository, Tag
from tags.models.movement import short
from tags.models.searching import SHORTEST_PART, digest_ranges
from tags.pages.filtering import MOST_COMPARED
from tags.pages.standing import Standing, names_of
from tags.versions import Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tags.models.tag import TagQuerySet

MOST = 1000  # of one kind; more are not counted, for who wants to read them
MOST_OF_IMAGE = 5  # tags told of one digest
MOST_TAGS = 500  # of all digests of a page
MOST_IN_IMAGES = 100  # images in which a tag is looked for, when both are asked for
MOST_SUGGESTED = 3
NEIGHBOURS = 5


class Kind(StrEnum):
    REGISTRIES = "registries"
    IMAGES = "images"
    POINTERS = "pointers"
    VERSIONS = "versions"
    DIGESTS = "digests"


@dataclass(frozen=True, slots=True)
class Hits:
    """All that was found of one kind, the best first; `there_are_more` than are counted."""

    kind: Kind
    keys: Sequence[Any]
    there_are_more: bool = False

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class FoundTag:
    """A tag; `version` is what its image is called, `pointers` who stands on it."""

    tag: Tag
    version: str
    pointers: tuple[str, ...]

    @property
    def short_digest(self) -> str:
        return short(self.tag.digest) if self.tag.digest else ""

    @property
    def is_removed(self) -> bool:
        return self.tag.state == Tag.State.REMOVED


@dataclass(frozen=True, slots=True)
class FoundDigest:
    digest: str
    tags: tuple[Tag, ...]
    more: int

    @property
    def url(self) -> str:
        return f"/{self.digest}/"


def search(text: str) -> list[Hits]:
    """What the text finds, kind by kind, those left out of which there is nothing."""
    found = [_registries(text), _images(text), _tags(text, Role.POINTER), _tags(text, Role.VERSION), _digests(text)]
    return [hits for hits in found if hits.keys]


# --- The best first ----------------------------------------------------------------------------------------------


def _tier(name: str, text: str) -> int:
    """How well a name fits: it is the text, begins with it, or has it somewhere."""
    name, text = name.casefold(), text.casefold()
    return 0 if name == text else 1 if name.startswith(text) else 2


def _hits(kind: Kind, keys: Sequence[Any]) -> Hits:
    return Hits(kind, keys[:MOST], len(keys) > MOST)


def _registries(text: str) -> Hits:
    rows = Registry.objects.filter(Q(address__icontains=text) | Q(name__icontains=text))
    facts = rows.values_list("pk", "address", "name")[: MOST + 1]
    ranked = sorted(facts, key=lambda row: (min(_tier(row[1], text), _tier(row[2], text)), row[1]))
    return _hits(Kind.REGISTRIES, [row[0] for row in ranked])


def _images(text: str) -> Hits:
    facts = Repository.objects.containing(text).values_list("pk", "registry__address", "name")[: MOST + 1]

    def rank(row: tuple[int, str, str]) -> tuple[int, int, str]:
        full, last = f"{row[1]}/{row[2]}", row[2].rpartition("/")[2]
        return min(_tier(name, text) for name in (full, row[2], last)), len(full), full

    return _hits(Kind.IMAGES, [row[0] for row in sorted(facts, key=rank)])


def _tags(text: str, role: Role) -> Hits:
    """Present tags first; then what is the text, begins with it, or has it somewhere.

    Each is a question of its own that reads no more rows than are shown: no name has to be sorted among a million.
    """
    kind = Kind.POINTERS if role is Role.POINTER else Kind.VERSIONS
    tags, name = Tag.objects.filter(role=role), text
    if scope := _scope(text):
        image, name = scope
        within = Repository.objects.containing(image).order_by().values_list("pk", flat=True)[:MOST_IN_IMAGES]
        tags = tags.filter(repository__in=list(within))
    # Of few letters half of all versions would have them somewhere.
    anywhere = bool(scope) or role is Role.POINTER or len(name) >= SHORTEST_PART
    found: dict[int, tuple[bool, int, int, str, int]] = {}
    for present in (True, False):
        rows = tags.present() if present else tags.filter(state=Tag.State.REMOVED)
        for some in _some(rows, name, anywhere=anywhere, every=present):
            for pk, called, repository in some.order_by().values_list("pk", "name", "repository_id")[: MOST + 1]:
                found[pk] = not present, _tier(called, name), len(called), called, repository
        if len(found) > MOST:
            break
    return _hits(kind, sorted(found, key=found.__getitem__))


def _some(tags: TagQuerySet, name: str, *, anywhere: bool, every: bool) -> list[TagQuerySet]:
    widest = tags.containing(name) if anywhere else tags.beginning(name)
    if not every:
        return [widest]
    return [tags.called(name), tags.beginning(name), *([widest] if anywhere else [])]


def _scope(text: str) -> tuple[str, str] | None:
    """An image and a tag: shop/app:production, or shop/app production."""
    if digest_ranges(text):
        return None
    image, mark, name = text.rpartition(" ") if " " in text else text.rpartition(":")
    return (image.strip(), name.strip()) if mark and image.strip() and name.strip() and "/" not in name else None


def _digests(text: str) -> Hits:
    ranges = digest_ranges(text)
    if not ranges:
        return Hits(Kind.DIGESTS, [])
    known = Q(*(Q(pk__gte=first, pk__lt=last) for first, last in ranges), _connector=Q.OR)
    images = Image.objects.filter(known).values_list("pk", flat=True)[: MOST + 1]
    tags = Tag.objects.shown().of_digest(text).order_by().values_list("digest", flat=True).distinct()[: MOST + 1]
    pointed = {digest for digest in tags if digest}
    ranked = sorted({*images, *pointed}, key=lambda digest: (digest not in pointed, digest))
    return _hits(Kind.DIGESTS, ranked)


# --- What is shown of them ---------------------------------------------------------------------------------------


def described(kind: Kind, keys: Sequence[Any]) -> list[Any]:
    """The rows behind keys of one kind, in their order, with what a line about each needs."""
    if kind is Kind.REGISTRIES:
        return _in_order(Registry.objects.in_bulk(list(keys)), keys)
    if kind is Kind.IMAGES:
        return _in_order(Repository.objects.select_related("registry").in_bulk(list(keys)), keys)
    if kind is Kind.DIGESTS:
        return _described_digests(keys)
    return _described_tags(keys)


def _in_order(rows: dict[int, Any], keys: Iterable[int]) -> list[Any]:
    return [rows[key] for key in keys if key in rows]


def _described_tags(keys: Sequence[int]) -> list[FoundTag]:
    tags = _in_order(Tag.objects.select_related("repository__registry").in_bulk(list(keys)), keys)
    names = names_of([_standing(tag) for tag in tags], None)
    digests = {tag.digest for tag in tags if tag.digest}
    on_it: defaultdict[tuple[int, str | None], list[str]] = defaultdict(list)
    pointers = Tag.objects.pointers().filter(digest__in=digests, repository__in={tag.repository_id for tag in tags})
    for repository, digest, name in pointers.values_list("repository", "digest", "name"):
        on_it[repository, digest].append(name)
    return [
        FoundTag(
            tag,
            names.get((tag.repository_id, tag.digest), "") if tag.digest else "",
            tuple(sorted(name for name in on_it[tag.repository_id, tag.digest] if name != tag.name)),
        )
        for tag in tags
    ]


def _standing(tag: Tag) -> Standing:
    return Standing(tag.repository_id, tag.name, tag.role, tag.state, tag.digest, tag.after, tag.before)


def _described_digests(digests: Sequence[str]) -> list[FoundDigest]:
    tags: defaultdict[str | None, list[Tag]] = defaultdict(list)
    there = Tag.objects.shown().present().filter(digest__in=digests).select_related("repository__registry")
    for tag in there.order_by("role", "name")[:MOST_TAGS]:
        tags[tag.digest].append(tag)
    return [
        FoundDigest(
            digest, tuple(tags[digest][:MOST_OF_IMAGE]), max(len(tags[digest]) - MOST_OF_IMAGE, 0)
        )
        for digest in digests
    ]  # fmt: skip


# --- Nothing found -----------------------------------------------------------------------------------------------


def suggestions(text: str) -> list[str]:
    """Names that are spelled most like the text: of pointers, of images, and of tags that stand next to it."""
    pointers = Tag.objects.pointers().present().order_by().values_list("name", flat=True)[:MOST_COMPARED]
    images = Repository.objects.order_by().values_list("name", flat=True)[:MOST_COMPARED]
    names = [*pointers, *(part for name in images for part in (name, *name.split("/")))]
    known = {name.casefold(): name for name in (*Tag.objects.neighbours(text, NEIGHBOURS), *names)}
    close = get_close_matches(text.casefold(), islice(known, MOST_COMPARED), n=MOST_SUGGESTED)
    return [known[name] for name in close]
