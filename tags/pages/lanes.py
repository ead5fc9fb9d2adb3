"""Swim-lanes: the bars of a timeline as places and words that a template only has to write down.

Places are shares of the window in percent, so that a picture fits any screen and its text is never scaled.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from tags.models import Coverage
from tags.models.movement import short
from tags.pages import clock
from tags.timeline import Bar, Cluster, Gap, Granularity, bars, gaps, level_of_detail, ticks
from tags.versions import sort_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tags.timeline import Lane, Stretch

COLOURS = 8
PATTERNS = 5
LEAST_WIDTH = 0.35  # percent: what is narrower could not be seen
NARROW = 0.01  # of the window: a narrower bar has no room for a letter of its label
NARROW_OF_MANY = 0.015  # where so many lanes are seen at once that nobody looks at one alone
MANY = 20  # lanes
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

    def place(self, moment: dt.datetime) -> float:
        share = (moment - self.start) / (self.end - self.start) * 100
        return min(max(share, 0.0), 100.0)

    def strip(self, start: dt.datetime, end: dt.datetime, least: float = LEAST_WIDTH) -> Strip:
        left, right = self.place(start), self.place(end)
        width = max(right - left, least)
        return Strip(f"{min(left, 100 - width):.3f}%", f"{width:.3f}%")


@dataclass(frozen=True, slots=True)
class Strip:
    """Where something lies on its lane, as SVG wants it."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A bar, or several that are too narrow to be drawn each; `name` says in words what the eye sees."""

    strip: Strip
    label: str
    name: str
    look: int | None  # which colour and pattern; None: several versions
    doubts: tuple[Strip, ...]  # when it may have begun, or ended where the picture does
    url: str

    @property
    def colour(self) -> int:
        return (self.look or 0) % COLOURS

    @property
    def pattern(self) -> int:
        return (self.look or 0) % PATTERNS


@dataclass(frozen=True, slots=True)
class Hatch:
    """A time in which nobody could look, or `is_ahead` of the first look, when nobody meant to."""

    strip: Strip
    words: str
    is_ahead: bool


@dataclass(frozen=True, slots=True)
class DrawnLane:
    tag: str
    repository: str
    registry: str
    address: str
    url: str
    pieces: tuple[Piece, ...]
    hatches: tuple[Hatch, ...]

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


class Rebuild(NamedTuple):
    """A digest is the so-manieth content of a version's name; 0 is the first."""

    name: str
    times: int


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

    `unanswered_since`: the tag alone gave no answer from then on, though its repository was watched.
    `rebuilds` are those of its repository, by digest.
    """

    lane: Lane
    repository: str
    address: str
    stretches: Sequence[Stretch]
    every: int
    registry: str = ""
    unanswered_since: dt.datetime | None = None
    rebuilds: Mapping[str, Rebuild] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.address.rstrip('/')}:{self.lane.name}/"


def narrow(lanes: int) -> float:
    """The share of the window that a bar must have to be drawn on its own, in a picture of so many lanes."""
    return NARROW if lanes <= MANY else NARROW_OF_MANY


def axis(window: Window, zone: dt.tzinfo) -> list[Tick]:
    """Round local times along the window; those too near to its end to be read are left out."""
    marks = ticks(window.start, window.end, zone, most=8)
    return [
        Tick(f"{place:.3f}%", date_format(at, str(TICK_FORMATS[granularity])))
        for at, granularity in marks
        if (place := window.place(at)) <= 95
    ]


def draw(sources: Sequence[Source], window: Window) -> list[DrawnLane]:
    """The lanes of one picture: the same version has the same colour and pattern in all of them.

    What a name came to mean when it was rebuilt is another version than what it meant before.
    """
    least = narrow(len(sources))
    drawn = [(source, _items(source.lane, window, least)) for source in sources]
    versions = {_version(item, source) for source, items in drawn for item in items if isinstance(item, Bar)}
    in_order = sorted(versions, key=lambda version: (sort_key(version.name), version.times))
    looks = _looks(in_order)
    return [
        DrawnLane(
            source.lane.name,
            source.repository,
            source.registry,
            source.address,
            source.url,
            tuple(
                _cluster(item, source, window) if isinstance(item, Cluster) else _piece(item, source, window, looks)
                for item in items
            ),
            tuple(_hatch(gap, window) for gap in _gaps(source, window)),
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


def _items(lane: Lane, window: Window, least: float) -> list[Bar | Cluster]:
    found = bars(lane, window.start, window.end, window.now)
    return level_of_detail(found, window.start, window.end, window.now, least)


def _gaps(source: Source, window: Window) -> list[Gap]:
    """The gaps of a tag: those of its repository, and its own silence."""
    found = unwatched(source.stretches, window, source.every)
    since = source.unanswered_since
    if since is None or since >= window.end:
        return found
    return [*found, Gap(since, window.now, _("this tag gave no answer"))]


def unwatched(stretches: Sequence[Stretch], window: Window, every: int) -> list[Gap]:
    """The gaps of the window; that the next look lies ahead is none until two intervals are over."""
    found = gaps(stretches, window.start, window.end, window.now)
    return [gap for gap in found if gap.reason != "" or gap.end - gap.start > dt.timedelta(seconds=2 * every)]


def gap_reason(gap: Gap) -> str:
    """Why nobody looked, in words."""
    if gap.reason is None:
        return _("before the first look")
    return Coverage.in_words(gap.reason) if gap.reason else _("nobody looked")


def gap_words(gap: Gap, now: dt.datetime, end: dt.datetime | None = None) -> str:
    """A gap as a sentence: "not watched between … and …: registry timed out"; `end` is where the picture ends."""
    if gap.reason is None and gap.end == end:
        return _("not watched yet")
    if gap.reason is None:
        return _("not watched before %s") % clock.point(gap.end, now)
    if gap.end >= now:
        return _("not watched since %(since)s: %(reason)s") % {
            "since": clock.point(gap.start, now), "reason": gap_reason(gap)
        }  # fmt: skip
    return _("not watched %(when)s: %(reason)s") % {
        "when": clock.between(gap.start, gap.end, now), "reason": gap_reason(gap)
    }  # fmt: skip


def _version(bar: Bar, source: Source) -> Version:
    name = bar.label or short(bar.digest)
    rebuild = source.rebuilds.get(bar.digest)
    return Version(name, rebuild.times if rebuild and rebuild.name == name else 0)


def _piece(bar: Bar, source: Source, window: Window, looks: dict[Version, int]) -> Piece:
    end = bar.end or min(window.end, window.now)
    # Within the picture the next bar tells of it.
    ending = bar.uncertain_end if bar.end == window.end else None
    version = _version(bar, source)
    label = version.label
    return Piece(
        strip=window.strip(bar.start, end),
        label=label,
        name=_bar_name(bar, source.lane, label, window),
        look=looks[version],
        doubts=tuple(window.strip(*span, least=0) for span in (bar.uncertain_start, ending) if span),
        url=f"{source.address}?at={_stamp(_first_known(source, bar))}",
    )


def _bar_name(bar: Bar, lane: Lane, label: str, window: Window) -> str:
    """The bar in words; what the window cuts off began earlier, or ended later."""
    facts = {"tag": lane.name, "version": label, "start": _start_words(bar, lane, window)}
    if window.moment and bar.end in (None, window.last):
        facts["lasting"] = clock.duration(window.last - bar.start)
        return _("%(tag)s on %(version)s since %(start)s (%(lasting)s), current then") % facts
    if bar.end is None:
        facts["lasting"] = clock.duration(window.now - bar.start)
        return _("%(tag)s on %(version)s since %(start)s (%(lasting)s), still current") % facts
    end = clock.point(bar.end, window.now)
    facts["end"] = _("%s or later") % end if bar.end == window.end else end
    facts["lasting"] = clock.duration(bar.end - bar.start)
    return _("%(tag)s on %(version)s from %(start)s to %(end)s (%(lasting)s)") % facts


def _start_words(bar: Bar, lane: Lane, window: Window) -> str:
    if bar.uncertain_start:
        return clock.between(*bar.uncertain_start, window.now)
    start = clock.point(bar.start, window.now)
    return _("%s or earlier") % start if bar.start in (window.start, lane.first_seen) else start


def _cluster(cluster: Cluster, source: Source, window: Window) -> Piece:
    return Piece(
        strip=window.strip(cluster.start, cluster.end),
        label=str(cluster.count),
        name=_("%(tag)s moved %(count)d times in short succession, from %(start)s to %(end)s: zoom in to see them") % {
            "tag": source.lane.name, "count": cluster.count,
            "start": clock.point(cluster.start, window.now), "end": clock.point(cluster.end, window.now),
        },
        look=None,
        doubts=(),
        url=f"{source.url}?{_between(cluster.start, cluster.end, window.moment)}",
    )  # fmt: skip


def _hatch(gap: Gap, window: Window) -> Hatch:
    return Hatch(window.strip(gap.start, gap.end), gap_words(gap, window.now, window.end), is_ahead=gap.reason is None)


def _first_known(source: Source, bar: Bar) -> dt.datetime:
    """The first moment of a bar at which it is known what was where: watching begins when the look that saw it ends."""
    watched = (
        max(stretch.since, bar.start) for stretch in source.stretches if stretch.watched and _ends_after(stretch, bar)
    )
    return next((moment for moment in watched if bar.end is None or moment < bar.end), bar.start)


def _ends_after(stretch: Stretch, bar: Bar) -> bool:
    return stretch.until is None or stretch.until >= bar.start


def _between(start: dt.datetime, end: dt.datetime, moment: dt.datetime | None) -> str:
    time = f"from={_stamp(start)}&to={_stamp(end)}"
    return f"{time}&at={_stamp(moment)}" if moment else time


def _stamp(moment: dt.datetime) -> str:
    """In UTC with a Z: a plus sign would not live in an address."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
