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
from tags.models.searching import SHORTEST_PART, digest_begins, digest_ranges
from tags.pages.filtering import MOST_COMPARED
from tags.pages.freshness import State, freshness
from tags.pages.image import tags_on
from tags.pages.knowledge import unknown_because
from tags.pages.standing import Standing, names_of, standings
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Sequence

    from tags.models.repository import RepositoryQuerySet
    from tags.models.tag import TagQuerySet
    from tags.pages.freshness import Freshness

MOST = 1000  # of one kind; more are not counted, for who wants to read them
MOST_OF_IMAGE = 5  # tags told of one digest
MOST_TAGS = 500  # of all digests of a page
MOST_WORDS = 4  # each costs some questions; of more the rest counts as one, which is in no name of a tag
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
    """A tag; `version` is what its image is called, `pointers` who stands on it, `unknown` why nobody can say.

    `freshness` tells how far one may trust what is said of now.
    """

    tag: Tag
    standing: Standing | None
    version: str
    pointers: tuple[str, ...]
    unknown: str = ""
    freshness: Freshness | None = None

    @property
    def doubt(self) -> str:
        """When it was checked last, of what could not be checked as it should."""
        return self.freshness.words if self.freshness and self.freshness.state is not State.FRESH else ""

    @property
    def state(self) -> str:
        if self.unknown:
            return Tag.State.UNKNOWN
        return self.standing.state if self.standing else Tag.State.REMOVED

    @property
    def digest(self) -> str | None:
        return self.standing.digest if self.standing else None

    @property
    def short_digest(self) -> str:
        return short(self.digest) if self.digest else ""


@dataclass(frozen=True, slots=True)
class FoundDigest:
    """A digest and some of the tags on it; `unknown` says why there may be others."""

    digest: str
    tags: tuple[Tag, ...]
    more: int
    unknown: str = ""

    @property
    def url(self) -> str:
        return f"/{self.digest}/"


def search(text: str, *, everything: bool = False) -> list[Hits]:
    """What the text finds, kind by kind, those left out of which there is nothing; of each no more than `MOST`.

    Of several words each must be in the name: of a tag, some may be in that of its image instead.
    """
    words, most = _words(text), None if everything else MOST
    found = [
        _registries(words, most),
        _images(words, most),
        _tags(text, Role.POINTER, most),
        _tags(text, Role.VERSION, most),
        _hits(Kind.DIGESTS, digests_beginning(text, most), most),
    ]
    return [hits for hits in found if hits.keys]


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(text.split(maxsplit=MOST_WORDS - 1)))


# --- The best first ----------------------------------------------------------------------------------------------


def _tier(name: str, words: Iterable[str]) -> int:
    """How well a name fits the best of the words: it is the word, begins with it, or has it somewhere."""
    name = name.casefold()
    return min(0 if name == word else 1 if name.startswith(word) else 2 for word in map(str.casefold, words))


def _hits(kind: Kind, keys: Sequence[Any], most: int | None) -> Hits:
    return Hits(kind, keys[:most], most is not None and len(keys) > most)


def _one_more(most: int | None) -> int | None:
    """So many rows tell whether there are more than `most`."""
    return None if most is None else most + 1


def _registries(words: Sequence[str], most: int | None) -> Hits:
    rows = Registry.objects.all()
    for word in words:
        rows = rows.filter(Q(address__icontains=word) | Q(name__icontains=word))
    facts = rows.values_list("pk", "address", "name")[: _one_more(most)]
    ranked = sorted(facts, key=lambda row: (min(_tier(row[1], words), _tier(row[2], words)), row[1]))
    return _hits(Kind.REGISTRIES, [row[0] for row in ranked], most)


def _repositories(words: Iterable[str]) -> RepositoryQuerySet:
    found = Repository.objects.all()
    for word in words:
        found = found.containing(word)
    return found


def _images(words: Sequence[str], most: int | None) -> Hits:
    facts = _repositories(words).values_list("pk", "registry__address", "name")[: _one_more(most)]

    def rank(row: tuple[int, str, str]) -> tuple[int, int, str]:
        full, last = f"{row[1]}/{row[2]}", row[2].rpartition("/")[2]
        return min(_tier(name, words) for name in (full, row[2], last)), len(full), full

    return _hits(Kind.IMAGES, [row[0] for row in sorted(facts, key=rank)], most)


def _tags(text: str, role: Role, most: int | None) -> Hits:
    """Present tags first; then what is the text, begins with it, or has it somewhere.

    Each is a question of its own that reads no more rows than are shown: no name has to be sorted among a million.
    """
    kind = Kind.POINTERS if role is Role.POINTER else Kind.VERSIONS
    tags, words, called_so = Tag.objects.filter(role=role), _words(text), set[int]()
    if scope := _scope(text):
        image, name = scope
        tags, words = tags.filter(repository__in=_repositories(_words(image)).order_by().values("pk")), _words(name)
        called_so = set(Repository.objects.ending(image).values_list("pk", flat=True))
    found: dict[int, tuple[bool, bool, int, int, str, int]] = {}
    for present in (True, False):
        rows = tags.present() if present else tags.filter(state=Tag.State.REMOVED)
        for word in words:
            # Of few letters half of all versions would have them somewhere.
            anywhere = bool(scope) or role is Role.POINTER or len(word) >= SHORTEST_PART
            others = _with_others(rows, [other for other in words if other != word])
            best_first = present and most is not None
            for some in _some(others, word, called_so, anywhere=anywhere, best_first=best_first):
                facts = some.order_by().values_list("pk", "name", "repository_id")
                for pk, called, repository in facts[: _one_more(most)]:
                    is_other = bool(scope) and repository not in called_so
                    found[pk] = not present, is_other, _tier(called, words), len(called), called, repository
        if most is not None and len(found) > most:
            break
    return _hits(kind, sorted(found, key=found.__getitem__), most)


def _with_others(tags: TagQuerySet, words: Iterable[str]) -> TagQuerySet:
    """Those that have each of these words, too, be it in the name of their image; no index has to find them."""
    for word in words:
        in_image = Q(repository__in=_repositories([word]).order_by().values("pk"))
        tags = tags.filter(in_image | Q(name__icontains=word))
    return tags


def _some(
    tags: TagQuerySet, name: str, repositories: Collection[int], *, anywhere: bool, best_first: bool
) -> list[TagQuerySet]:
    """All that fit the name, with `best_first` after those that fit it best, and those of these repositories."""
    widest = tags.containing(name) if anywhere else tags.beginning(name)
    if not best_first:
        return [widest]
    within = [widest.filter(repository__in=repositories)] if repositories else []
    return [*within, tags.called(name), tags.beginning(name), *([widest] if anywhere else [])]


def _scope(text: str) -> tuple[str, str] | None:
    """An image and a tag: shop/app:production."""
    if digest_ranges(text):
        return None
    image, _colon, name = (part.strip() for part in text.rpartition(":"))
    return (image, name) if image and name and "/" not in name else None


def digests_beginning(text: str, most: int | None) -> list[str]:
    """The digests that begin so, at most a few more than `most`: first what tags point to, then what else is known."""
    begin_so = digest_begins(text)
    if not begin_so:
        return []
    images = Image.objects.filter(begin_so).values_list("digest", flat=True)[: _one_more(most)]
    tags = (
        Tag.objects.shown().filter(begin_so).order_by().values_list("digest", flat=True).distinct()[: _one_more(most)]
    )
    pointed = {digest for digest in tags if digest}
    return sorted({*images, *pointed}, key=lambda digest: (digest not in pointed, digest))


# --- What is shown of them ---------------------------------------------------------------------------------------


def described(kind: Kind, keys: Sequence[Any], moment: dt.datetime | None, now: dt.datetime) -> list[Any]:
    """The rows behind keys of one kind, in their order, with what a line about each needs: as it is, or was then."""
    if kind is Kind.REGISTRIES:
        return _in_order(Registry.objects.in_bulk(list(keys)), keys)
    if kind is Kind.IMAGES:
        return _in_order(Repository.objects.select_related("registry").in_bulk(list(keys)), keys)
    if kind is Kind.DIGESTS:
        return _described_digests(keys, moment, now)
    return _described_tags(keys, moment, now)


def _in_order(rows: dict[int, Any], keys: Iterable[int]) -> list[Any]:
    return [rows[key] for key in keys if key in rows]


def _described_tags(keys: Sequence[int], moment: dt.datetime | None, now: dt.datetime) -> list[FoundTag]:
    tags = _in_order(Tag.objects.select_related("repository__registry", "repository__sweep").in_bulk(list(keys)), keys)
    unknown = unknown_because({tag.repository for tag in tags}, moment, now) if moment else {}
    there = standings(Tag.objects.filter(pk__in=keys), moment) if moment else [Standing.of(tag) for tag in tags]
    known = {(at.repository_id, at.name): at for at in there if at.repository_id not in unknown}
    names, on_it = names_of(known.values(), moment), _pointers_on(known.values(), moment)
    found: list[FoundTag] = []
    for tag in tags:
        at = known.get((tag.repository_id, tag.name))
        version, pointers = "", list[str]()
        if at and at.digest:
            version = names.get((at.repository_id, at.digest), "")
            pointers = sorted(name for name in on_it[at.repository_id, at.digest] if name != at.name)
        fresh = None if moment else freshness(tag.repository, now, tag)
        found.append(FoundTag(tag, at, version, tuple(pointers), unknown.get(tag.repository_id, ""), fresh))
    return found


def _pointers_on(tags: Collection[Standing], moment: dt.datetime | None) -> defaultdict[tuple[int, str], list[str]]:
    """Who points, or pointed, to the digests that these tags stand on: (repository id, digest) -> names."""
    digests = {tag.digest for tag in tags if tag.digest}
    pointers = Tag.objects.pointers().filter(repository__in={tag.repository_id for tag in tags})
    here = pointers.ever_on(digests).order_by().at(moment) if moment else pointers.filter(digest__in=digests)
    on_it: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for repository, digest, name in here.values_list("repository", "digest_then" if moment else "digest", "name"):
        on_it[repository, digest].append(name)
    return on_it


def _described_digests(digests: Sequence[str], moment: dt.datetime | None, now: dt.datetime) -> list[FoundDigest]:
    shown = Tag.objects.shown().select_related("repository__registry").order_by("role", "name")
    on_it: defaultdict[str | None, list[Tag]] = defaultdict(list)
    unknown: dict[str | None, str] = {}
    if moment is None:
        for tag in shown.present().filter(digest__in=digests)[:MOST_TAGS]:
            on_it[tag.digest].append(tag)
    else:
        then = sorted(tags_on(digests, shown, moment), key=lambda tag: (tag.role, tag.name))
        silent = unknown_because({tag.repository for tag in then}, moment, now)
        for tag in then:
            if tag.repository_id in silent:
                unknown[tag.digest_then] = silent[tag.repository_id]
            else:
                on_it[tag.digest_then].append(tag)
    return [
        FoundDigest(
            digest, tuple(on_it[digest][:MOST_OF_IMAGE]), max(len(on_it[digest]) - MOST_OF_IMAGE, 0),
            unknown.get(digest, ""),
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
