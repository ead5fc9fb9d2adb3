"""What differs between two tags, or between two moments of one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tags.models import Image, Tag
from tags.models.movement import short
from tags.moments import stamp
from tags.pages import clock
from tags.pages.drift import Drift, in_words
from tags.pages.image import Label
from tags.pages.knowledge import unknown_because
from tags.pages.since import Sinces
from tags.pages.sourcecode import REVISION, commit_link, compare_link, revision_of
from tags.pages.standing import Standing, former_names, nameless, names_of, standings
from tags.versions import Role, versions_between

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from django_stubs_ext import StrOrPromise

    from tags.models import Repository
    from tags.pages.sourcecode import Link

MOST_OFFERED = 100  # tags in the list that a field suggests
MOVING = "moving_to"


@dataclass(frozen=True, slots=True)
class Side:
    """One tag at one moment (None: now). Without a `standing` it was not there, or, by `unknown`, nobody can say."""

    tag: Tag
    moment: dt.datetime | None
    own_moment: bool  # whether it stands with the tag, and is not just the page's
    standing: Standing | None = None
    unknown: str = ""
    version: str = ""
    was: str = ""  # what an image without a version was last called
    leaving_to: str = ""
    image: Image | None = None

    @property
    def repository(self) -> Repository:
        return self.tag.repository

    @property
    def digest(self) -> str | None:
        return self.standing.digest if self.standing else None

    @property
    def labels(self) -> dict[str, str]:
        return self.image.labels if self.image else {}

    @property
    def built(self) -> dt.datetime | None:
        return self.image.created if self.image else None

    @property
    def is_described(self) -> bool:
        return self.image is not None and self.image.described_at is not None

    @property
    def name(self) -> str:
        """What people call the image: its version, else its shortened digest."""
        return self.version or (short(self.digest) if self.digest else "")

    @property
    def is_moving(self) -> bool:
        """Whether a move was under way: it may have been elsewhere already."""
        return self.standing is not None and self.standing.leaving_before is not None

    @property
    def is_disputed(self) -> bool:
        return self.standing is not None and self.standing.disputed_since is not None

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can say what was there."""
        return bool(self.unknown) or (self.standing is not None and self.standing.is_coming)

    @property
    def address(self) -> str:
        """As it stands in the address of this page."""
        return told(str(self.tag), self.moment if self.own_moment else None)

    @property
    def stamp(self) -> str:
        return stamp(self.moment) if self.moment else ""


def told(tag: str, moment: dt.datetime | None) -> str:
    """A side as an address says it."""
    return f"{tag}@{stamp(moment)}" if moment else tag


def side(tag: Tag, moment: dt.datetime | None, now: dt.datetime, *, own_moment: bool) -> Side:
    """Where the tag stands; its image is not there yet. Two to seven queries, however many tags there are."""
    unknown = unknown_because([tag.repository], moment, now).get(tag.repository_id, "") if moment else ""
    here = [] if unknown else standings(Tag.objects.filter(pk=tag.pk), moment)
    names = names_of(here, moment) if here else {}
    was = former_names(here, names, moment)
    standing = here[0] if here else None
    place = tag.repository_id, (standing.digest if standing else None) or ""
    leaving = (standing.leaving_to if standing else None) or ""
    return Side(
        tag, moment, own_moment, standing, unknown, names.get(place, ""), was.get(place, ""),
        names.get((tag.repository_id, leaving)) or (short(leaving) if leaving else ""),
    )  # fmt: skip


class Cell(NamedTuple):
    """What one side says in one row: `value` is compared and exported, `text` is shown, unless there is more to show.

    `reads` is compared in its place where no reader would see the difference: a poll takes some seconds.
    `known` is false where nobody knows, or not yet: such a cell differs from none.
    """

    value: object
    text: StrOrPromise = ""
    known: bool = True
    title: str = ""
    moment: dt.datetime | None = None
    digest: str = ""
    link: Link | None = None
    label: Label | None = None
    is_version: bool = False
    reads: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    name: str  # as an export calls it
    title: StrOrPromise
    a: Cell
    b: Cell
    is_label: bool = False

    @property
    def is_doubt(self) -> bool:
        """Whether it says how sure the others are; it is there only when they are not."""
        return self.name == MOVING

    @property
    def is_comparable(self) -> bool:
        return self.a.known and self.b.known

    @property
    def is_open(self) -> bool:
        """Whether one side alone is known."""
        return self.a.known != self.b.known

    @property
    def differs(self) -> bool:
        return self.is_comparable and (self.a.reads or self.a.value) != (self.b.reads or self.b.value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides, row by row. `drift` is a sentence, empty where no order can tell."""

    a: Side
    b: Side
    all_rows: tuple[Row, ...] = field(repr=False)
    shows_all: bool
    drift: str
    commits: Link | None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows to be shown."""
        if self.shows_all or not self.is_whole:
            return self.all_rows
        return tuple(row for row in self.all_rows if row.differs or row.is_doubt or (row.is_open and not self.is_same))

    @property
    def is_whole(self) -> bool:
        """Whether there is an image on both sides."""
        return bool(self.a.digest and self.b.digest)

    @property
    def is_unknown(self) -> bool:
        """Whether of one side nobody can say what was there."""
        return self.a.is_unknown or self.b.is_unknown

    @property
    def moving(self) -> str:
        """The pointers that were moving, in words; what is told of them is as before that move."""
        pairs = ((self.a, self.b), (self.b, self.a))
        return in_words([_told_apart(side, other) for side, other in pairs if side.is_moving])

    @property
    def disputed(self) -> str:
        """The tags about which their registry's servers disagree, in words; what is told of them is as before that."""
        pairs = ((self.a, self.b), (self.b, self.a))
        return in_words([_told_apart(side, other) for side, other in pairs if side.is_disputed])

    @property
    def differing(self) -> int:
        return sum(row.differs for row in self.all_rows)

    @property
    def total(self) -> int:
        return sum(not row.is_doubt for row in self.all_rows)

    @property
    def is_same(self) -> bool:
        return self.a.digest is not None and self.a.digest == self.b.digest

    @property
    def is_same_content(self) -> bool:
        """Whether other bytes name the very same images: what is pulled is the same."""
        contents = [side.image.content for side in (self.a, self.b) if side.image]
        return not self.is_same and len(contents) == 2 and bool(contents[0]) and contents[0] == contents[1]

    @property
    def is_read(self) -> bool:
        """Whether it is known what is in both images."""
        return self.a.is_described and self.b.is_described

    @property
    def is_same_commit(self) -> bool:
        revision = revision_of(self.a.labels)
        return not self.is_same and bool(revision) and revision == revision_of(self.b.labels)

    @property
    def registry_is_named(self) -> bool:
        return self.a.repository.registry_id != self.b.repository.registry_id


def compare(
    a: Side,
    b: Side,
    images: Collection[Collection[str]] | None,
    patterns: Iterable[tuple[str, str]],
    now: dt.datetime,
    *,
    shows_all: bool,
) -> Comparison:
    """`images` are the version tags of each image in the repository of both sides; None: they are not to be counted."""
    steps = versions_between(a.version, b.version, images or ()) if a.version and b.version else 0
    older, newer = (b, a) if _is_newer(a, b, steps) else (a, b)
    return Comparison(
        a=a,
        b=b,
        all_rows=tuple(_rows(a, b, now)),
        shows_all=shows_all,
        drift=_drift(a, b, steps, is_counted=images is not None),
        commits=compare_link(older.labels, newer.labels, patterns),
    )


def _is_newer(a: Side, b: Side, steps: int) -> bool:
    """Whether `a` is the later one, by its version or else by when it was built: commits are listed since the other."""
    if steps:
        return steps < 0
    return a.built is not None and b.built is not None and a.built > b.built


def _drift(a: Side, b: Side, steps: int, *, is_counted: bool) -> str:
    """Says "production is 1 version and 25 days behind qatesting"."""
    behind, ahead = (a, b) if steps > 0 else (b, a)
    is_one_repository = a.tag.repository_id == b.tag.repository_id
    if not steps or not is_one_repository or a.is_moving or b.is_moving:
        return ""
    names = _told_apart(behind, ahead), _told_apart(ahead, behind)
    return Drift(names[0], (names[1],), abs(steps) if is_counted else None, _days(behind, ahead)).sentence


def _days(behind: Side, ahead: Side) -> int:
    """Whole days that one pointer came to its version after the other, or one version after the other into being.

    0 where that is not known for sure, and between a pointer and a version: for those it is no time between equals.
    """
    if behind.standing is None or ahead.standing is None or behind.standing.role != ahead.standing.role:
        return 0
    first, last = behind.standing.before, ahead.standing.after
    if behind.standing.role == Role.VERSION and behind.built and ahead.built:
        first, last = behind.built, ahead.built
    return (last - first) // dt.timedelta(days=1) if last else 0


def _told_apart(side: Side, other: Side) -> str:
    """The side as a sentence calls it: with its moment where its tag alone would not tell which one it is."""
    return side.tag.name if side.tag.pk != other.tag.pk and side.moment == other.moment else in_time(side)


def in_time(side: Side) -> str:
    """Says "production now", "production on 3 May 2026 14:00"."""
    if side.moment is None:
        return _("%s now") % side.tag.name
    return _("%(tag)s on %(moment)s") % {"tag": side.tag.name, "moment": clock.asked(side.moment)}


def _rows(a: Side, b: Side, now: dt.datetime) -> Iterator[Row]:
    for name, title, tell in FACTS:
        if name != MOVING or a.is_moving or b.is_moving:
            yield Row(name, title, _cell(a, tell, now), _cell(b, tell, now))
    for name, title, tell in IMAGE_FACTS:
        yield Row(name, title, _cell_of_image(a, tell, now), _cell_of_image(b, tell, now))
    for key in sorted({*a.labels, *b.labels} - {REVISION}):
        yield Row(key, key, _label(a, key), _label(b, key), is_label=True)


Tell = Callable[["Side", dt.datetime], Cell]


def _cell(side: Side, tell: Tell, now: dt.datetime) -> Cell:
    return tell(side, now) if side.digest or (tell is _moving and side.is_moving) else _no_image(side)


def _no_image(side: Side) -> Cell:
    is_open = side.unknown or side.standing is not None
    return Cell(None, _("not known") if is_open else _("not there"), known=False)


def _cell_of_image(side: Side, tell: Tell, now: dt.datetime) -> Cell:
    if side.digest and not side.is_described:
        return _unread(side)
    return _cell(side, tell, now)


def _unread(side: Side) -> Cell:
    is_due = side.image is None or side.image.describe_at is not None
    return Cell(None, _("not read yet") if is_due else _("could not be read"), known=False)


def _version(side: Side, now: dt.datetime) -> Cell:
    return Cell(side.version or None, side.version or nameless(side.was), is_version=bool(side.version))


def _moving(side: Side, now: dt.datetime) -> Cell:
    """Never a difference: it says how sure the others are."""
    staying = _("nowhere: it was being removed") if side.is_moving else _("not moving")
    return Cell(side.leaving_to or None, side.leaving_to or staying, known=False)


def _digest(side: Side, now: dt.datetime) -> Cell:
    return Cell(side.digest, digest=side.digest or "")


def _since(side: Side, now: dt.datetime) -> Cell:
    standing = side.standing
    assert standing is not None  # noqa: S101 - what has a digest stands somewhere
    sinces = Sinces(now, side.moment or now)
    told, words = sinces.of(standing.after, standing.before), sinces.told(standing.after, standing.before)
    return Cell(standing.before, f"{words} ({told.lasting})", title=told.interval, moment=standing.before, reads=words)


def _built(side: Side, now: dt.datetime) -> Cell:
    if side.built is None:
        return Cell(None, _("not told"))
    words = clock.point(side.built, now)
    age = clock.age(side.built, side.moment, now)
    return Cell(side.built, f"{words} ({age})", moment=side.built, reads=words)


def _size(side: Side, now: dt.datetime) -> Cell:
    size = side.image.size if side.image else None
    return Cell(None, _("not told")) if size is None else Cell(size, filesizeformat(size))


def _platforms(side: Side, now: dt.datetime) -> Cell:
    platforms = side.image.platforms if side.image else []
    return Cell(tuple(sorted(platforms)), ", ".join(platforms) or _("not told"))


def _commit(side: Side, now: dt.datetime) -> Cell:
    revision = side.labels.get(REVISION)
    return Cell(revision, revision or _("not told"), link=commit_link(side.labels), title=revision or "")


def _label(side: Side, key: str) -> Cell:
    if not side.is_described:
        return _unread(side) if side.digest else _no_image(side)
    value = side.labels.get(key)
    return Cell(None, _("not told")) if value is None else Cell(value, value, label=Label(key, value))


FACTS: tuple[tuple[str, StrOrPromise, Tell], ...] = (
    ("version", gettext_lazy("Version"), _version),
    (MOVING, gettext_lazy("Moving to"), _moving),
    ("digest", gettext_lazy("Digest"), _digest),
    ("since", gettext_lazy("Since"), _since),
)
IMAGE_FACTS: tuple[tuple[str, StrOrPromise, Tell], ...] = (
    ("built", gettext_lazy("Built"), _built),
    ("size", gettext_lazy("Size"), _size),
    ("platforms", gettext_lazy("Platforms"), _platforms),
    ("commit", gettext_lazy("Commit"), _commit),
)
