"""Swim-lanes: the bars of a timeline as places and words that a template only has to write down.

Places are shares of the window in percent, so that a picture fits any screen and its text is never scaled.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from tags.models.movement import short
from tags.moments import stamp
from tags.pages.barnames import bar_name, cluster_name
from tags.pages.clock import Points
from tags.pages.gaps import gap_words, is_forgotten, unwatched
from tags.timeline import Bar, Cluster, Detail, Gap, Granularity, Rebuild, bars, level_of_detail, ticks
from tags.versions import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tags.pages.knowledge import Silence
    from tags.timeline import Lane, Stretch

COLOURS = 8
PATTERNS = 5
LEAST_WIDTH = 0.35  # percent: what is narrower could not be seen
LETTER = 0.85  # percent that one takes up, on a screen of usual width
ON_A_PHONE = 2.75  # times as much
MARGIN = 1.2  # percent, before a label
FEWEST_LETTERS = 3  # that are worth to be written of a label
NARROW = 0.025  # of the window: a narrower bar has no room for its label
TICK_FORMATS = {
    Granularity.MINUTE: "H:i",
    Granularity.HOUR: "H:i",
    Granularity.DAY: pgettext_lazy("format of a date", "D j M"),
    Granularity.WEEK: pgettext_lazy("format of a date", "j M"),
    Granularity.MONTH: pgettext_lazy("format of a date", "M Y"),
    Granularity.YEAR: "Y",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The time a picture shows; `moment`: the one its page is about, when that is not now."""

    start: dt.datetime
    end: dt.datetime
    now: dt.datetime
    moment: dt.datetime | None = None

    @property
    def last(self) -> dt.datetime:
        """What is later than this is not told."""
        return min(self.moment or self.now, self.now)

    @property
    def detail(self) -> Detail:
        """What a picture of it tells apart."""
        return Detail(self.start, self.end, NARROW)

    def place(self, moment: dt.datetime) -> float:
        # Two times of one zone would be subtracted by its clocks.
        start = self.start.astimezone(dt.UTC)
        share = (moment - start) / (self.end.astimezone(dt.UTC) - start) * 100
        return min(max(share, 0.0), 100.0)

    def strip(self, start: dt.datetime, end: dt.datetime, least: float = LEAST_WIDTH) -> Strip:
        left, right = self.place(start), self.place(end)
        width = max(right - left, least)
        return Strip(f"{min(left, 100 - width):.3f}%", f"{width:.3f}%", width)


@dataclass(frozen=True, slots=True)
class Strip:
    """Where something lies on its lane, as SVG wants it."""

    x: str
    width: str
    percent: float  # the width


@dataclass(frozen=True, slots=True)
class Piece:
    """A bar, or several that are too narrow to be drawn each; `name` says in words what the eye sees.

    `label` is the version, of several bars the one that followed; `caption` what of it there is room for.
    """

    strip: Strip
    label: str
    caption: str
    has_room: bool  # for its caption on a phone, too
    name: str
    look: int | None  # which colour and pattern; None: several versions
    count: int  # of bars
    doubts: tuple[Strip, ...]  # when it may have begun, or ended where no other begins
    url: str

    @property
    def colour(self) -> int:
        return (self.look or 0) % COLOURS

    @property
    def pattern(self) -> int:
        return (self.look or 0) % PATTERNS


@dataclass(frozen=True, slots=True)
class Hatch:
    """A time in which nobody could look, or `is_ahead` of the first look, when nobody meant to, or forgotten."""

    strip: Strip
    words: str
    is_ahead: bool
    is_forgotten: bool


@dataclass(frozen=True, slots=True)
class DrawnLane:
    tag: str
    repository: str
    registry: str
    address: str
    url: str
    pieces: tuple[Piece, ...]
    hatches: tuple[Hatch, ...]
    has_hole: bool  # a time in which there was no such tag

    @property
    def movements_url(self) -> str:
        return f"/movements{self.address}"

    @property
    def summary(self) -> str:
        """What the picture of the lane is called."""
        return _("Timeline of %(tag)s in %(repository)s") % {"tag": self.tag, "repository": self.address.strip("/")}


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str


class Version(NamedTuple):
    """What has a look of its own: a name, and which of the contents that it has had."""

    name: str
    times: int

    @property
    def label(self) -> str:
        if not self.times:
            return self.name
        words = ngettext("%(name)s (rebuilt)", "%(name)s (rebuilt %(times)d times)", self.times)
        return words % {"name": self.name, "times": self.times}


@dataclass(frozen=True, slots=True)
class Source:
    """One lane as the database knows it; `address` is that of its repository's page.

    From `unsure_since` on it is not known of the tag alone where it was, though its repository was watched, when there
    is something that this is `unsure_because` of, untranslated. `silence` tells
    why it is not known whether the tag still is where it was last seen, or was at the moment of the page.
    `rebuilds` are those of its repository, by digest.
    """

    lane: Lane
    repository: str
    address: str
    stretches: Sequence[Stretch]
    every: int
    registry: str = ""
    unsure_since: dt.datetime | None = None
    unsure_because: str = ""
    silence: Silence | None = None
    rebuilds: Mapping[str, Rebuild] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.address.rstrip('/')}:{self.lane.name}/"


def axis(window: Window, zone: dt.tzinfo) -> list[Tick]:
    """Round local times along the window; those too near to its end to be read are left out."""
    marks = ticks(window.start, window.end, zone, most=8)
    return [
        Tick(f"{place:.3f}%", _tick_words(at, granularity))
        for at, granularity in marks
        if (place := window.place(at)) <= 95
    ]


def _tick_words(at: dt.datetime, granularity: Granularity) -> str:
    if granularity is Granularity.HOUR and at.time() == dt.time.min:
        granularity = Granularity.DAY  # among hours, midnight tells which day begins
    return date_format(at, str(TICK_FORMATS[granularity]))


def draw(sources: Sequence[Source], window: Window) -> list[DrawnLane]:
    """The lanes of one picture: the same version has the same colour and pattern in all of them.

    What a name came to mean when it was rebuilt is another version than what it meant before.
    """
    drawn = [(source, _items(source.lane, window)) for source in sources]
    bars_of = ((source, bar) for source, items in drawn for bar in items if isinstance(bar, Bar))
    versions = {_version(bar.digest, bar.label, source) for source, bar in bars_of}
    in_order = sorted(versions, key=lambda version: (sort_key(version.name), version.times))
    looks = _looks(in_order)
    points = Points(window.now)
    return [
        DrawnLane(
            source.lane.name,
            source.repository,
            source.registry,
            source.address,
            source.url,
            tuple(_pieces(items, source, window, looks, points)),
            tuple(_hatch(gap, window) for gap in _gaps(source, window)),
            _has_hole(items, window),
        )
        for source, items in drawn
    ]


def _looks(versions: Sequence[Version]) -> dict[Version, int]:
    """A colour and pattern for each: that of its name's checksum, so that it keeps it from picture to picture.

    Where that is taken, it gets the next one that is free; when none is, some look alike.
    """
    looks: dict[Version, int] = {}
    taken: set[int] = set()
    for version in versions:
        look = zlib.crc32(f"{version.name} {version.times}".encode()) % (COLOURS * PATTERNS)
        if len(taken) < COLOURS * PATTERNS:
            while look in taken:
                look = (look + 1) % (COLOURS * PATTERNS)
        taken.add(look)
        looks[version] = look
    return looks


def _items(lane: Lane, window: Window) -> list[Bar | Cluster]:
    return level_of_detail(bars(lane, window.start, window.end, window.now), window.detail, window.now)


def _has_hole(items: Sequence[Bar | Cluster], window: Window) -> bool:
    """Whether the tag was removed in the window, be it for good."""
    last = items[-1].end if items else None
    is_gone = last is not None and last < min(window.end, window.now)
    return is_gone or any(one.end != following.start for one, following in pairwise(items))


def _gaps(source: Source, window: Window) -> list[Gap]:
    """The gaps of a tag: those of its repository, and its own silence."""
    found = unwatched(source.stretches, window, source.every)
    since = source.unsure_since
    if not source.unsure_because or since is None or since >= window.end:
        return found
    return [*found, Gap(since, window.now, source.unsure_because)]


def _version(digest: str, label: str | None, source: Source) -> Version:
    name = label or short(digest)
    rebuild = source.rebuilds.get(digest)
    return Version(name, rebuild.times if rebuild and rebuild.name == name else 0)


def _pieces(
    items: Sequence[Bar | Cluster], source: Source, window: Window, looks: dict[Version, int], points: Points
) -> Iterator[Piece]:
    for item, following in zip_longest(items, items[1:]):
        if isinstance(item, Cluster):
            yield _cluster(item, source, window, points)
        else:
            is_followed = following is not None and following.start == item.end
            yield _piece(item, source, window, looks, points, is_followed=is_followed)


def _piece(
    bar: Bar, source: Source, window: Window, looks: dict[Version, int], points: Points, *, is_followed: bool
) -> Piece:
    end = bar.end or min(window.end, window.now)
    ending = None if is_followed else bar.uncertain_end  # else the next bar tells of it
    version = _version(bar.digest, bar.label, source)
    label = version.label
    strip = window.strip(bar.start, end)
    return Piece(
        strip=strip,
        label=label,
        caption=_caption(label, strip),
        has_room=_has_room(label, strip, ON_A_PHONE),
        name=bar_name(bar, source, label, window, points),
        look=looks[version],
        count=1,
        doubts=tuple(window.strip(*span, least=0) for span in (bar.uncertain_start, ending) if span),
        url=f"{source.address}?at={stamp(_first_known(source, bar))}",
    )


def _cluster(cluster: Cluster, source: Source, window: Window, points: Points) -> Piece:
    then = _version(cluster.then_digest, cluster.then_label, source).label if cluster.then_digest else ""
    strip = window.strip(cluster.start, cluster.end)
    return Piece(
        strip=strip,
        label=then,
        caption=then if _has_room(f"{cluster.count}→{then}", strip) else "",
        has_room=_has_room(str(cluster.count), strip, ON_A_PHONE),
        name=cluster_name(cluster, source, then, points),
        look=None,
        count=cluster.count,
        doubts=(),
        url=f"{source.url}?{_between(cluster.start, cluster.end, window.moment)}",
    )


def _has_room(text: str, strip: Strip, times: float = 1) -> bool:
    return (MARGIN + len(text) * LETTER) * times <= strip.percent


def _caption(label: str, strip: Strip) -> str:
    """A label that was cut off without a sign would read as another version."""
    if _has_room(label, strip):
        return label
    letters = int((strip.percent - MARGIN) / LETTER) - 1
    return f"{label[:letters]}…" if letters >= FEWEST_LETTERS else ""


def _hatch(gap: Gap, window: Window) -> Hatch:
    words = gap_words(gap, window.now, window.end)
    strip = window.strip(gap.start, gap.end)
    return Hatch(strip, words, is_ahead=gap.reason is None, is_forgotten=is_forgotten(gap))


def _first_known(source: Source, bar: Bar) -> dt.datetime:
    """The first moment of a bar at which it is known what was where: watching begins when the look that saw it ends."""
    watched = (
        max(stretch.since, bar.start) for stretch in source.stretches if stretch.watched and _ends_after(stretch, bar)
    )
    return next((moment for moment in watched if bar.end is None or moment < bar.end), bar.start)


def _ends_after(stretch: Stretch, bar: Bar) -> bool:
    return stretch.until is None or stretch.until >= bar.start


def _between(start: dt.datetime, end: dt.datetime, moment: dt.datetime | None) -> str:
    time = f"from={stamp(start)}&to={stamp(end)}"
    return f"{time}&at={stamp(moment)}" if moment else time
