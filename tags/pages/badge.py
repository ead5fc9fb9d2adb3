"""A tag's state in a few words, drawn as a badge: no font is asked for, so widths are reckoned from a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tags.models.movement import short
from tags.pages import clock
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.standing import former_names, names_of, standings

if TYPE_CHECKING:
    import datetime as dt

    from tags.models import Repository, Tag
    from tags.pages.standing import Standing

# White on each of them has a contrast of at least 4.5.
GOOD, WARN, QUIET = "#2c4fc4", "#8a5a00", "#566072"
PADDING = 6
LONGEST = 120  # characters of one half
# Widths of a sans-serif letter in tenths of a pixel; what is not named here is as wide as a capital, or as two.
WIDE_FROM = 0x1100
WIDTHS = {
    **dict.fromkeys("ijl|'.,:;!I", 32), **dict.fromkeys("ftr()[]-/ ", 42), **dict.fromkeys("mwMW@%", 105),
    **dict.fromkeys("abcdeghknopqsuvxyzJ", 67), **dict.fromkeys("0123456789_+=<>~", 70),
}  # fmt: skip
CAPITAL, IDEOGRAPH = 78, 120


def width(text: str) -> int:
    """About how many pixels the text takes."""
    tenths = sum(WIDTHS.get(letter, IDEOGRAPH if ord(letter) >= WIDE_FROM else CAPITAL) for letter in text)
    return -(-tenths // 10)


@dataclass(frozen=True, slots=True)
class Badge:
    label: str
    words: str
    colour: str

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.words}"

    @property
    def shown_label(self) -> str:
        return _cut(self.label)

    @property
    def shown_words(self) -> str:
        return _cut(self.words)

    @property
    def label_text_width(self) -> int:
        return width(self.shown_label)

    @property
    def words_text_width(self) -> int:
        return width(self.shown_words)

    @property
    def label_width(self) -> int:
        return self.label_text_width + 2 * PADDING

    @property
    def words_width(self) -> int:
        return self.words_text_width + 2 * PADDING

    @property
    def width(self) -> int:
        return self.label_width + self.words_width

    @property
    def words_at(self) -> int:
        return self.label_width + PADDING


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def not_watched(label: str) -> Badge:
    return Badge(label, _("not watched"), QUIET)


def badge(tag: Tag, repository: Repository, label: str, moment: dt.datetime | None, now: dt.datetime) -> Badge:
    """How the tag stands now, or stood at `moment`."""
    if moment and unknown_because([repository], moment, now):
        return Badge(label, _("not known"), QUIET)
    stands = standings(repository.tags.filter(pk=tag.pk), moment)
    point = moment or now
    if not stands:
        return _judged(Badge(label, _gone(tag, point), QUIET), tag, repository, moment, now)
    (standing,) = stands
    words = f"{_name(standing, moment)} {_since(standing.after, standing.before, point)}"
    colour = WARN if standing.is_missing else GOOD
    if standing.state == tag.State.UNKNOWN:
        words, colour = _("not looked at yet"), QUIET
    return _judged(Badge(label, words, colour), tag, repository, moment, now)


def _gone(tag: Tag, point: dt.datetime) -> str:
    """Why it was not there: what was listed and never looked at was not removed."""
    if tag.first_seen_at > point:
        return _("not there yet")
    last = tag.movements.filter(before__lte=point).newest_first().first()
    if last is None or last.to_digest is not None:
        return _("not known")
    return f"{_('removed')} {_since(last.after, last.before, point)}"


def _judged(plain: Badge, tag: Tag, repository: Repository, moment: dt.datetime | None, now: dt.datetime) -> Badge:
    """The same in amber, with the last look in words, where it may no longer be so."""
    if moment:
        return plain
    fresh = freshness(repository, now, tag)
    if not fresh.is_warning:
        return plain
    looked = _("checked %s") % clock.relative(fresh.checked_at, now) if fresh.checked_at else _("never checked")
    return Badge(plain.label, f"{plain.words} · {looked}", WARN)


def _name(standing: Standing, moment: dt.datetime | None) -> str:
    """What it points to: the version, else what the image was last called, else the digest."""
    if standing.is_missing or standing.digest is None:
        return _("image missing")
    key = (standing.repository_id, standing.digest)
    names = names_of([standing], moment)
    if key in names:
        return names[key]
    was = former_names([standing], names, moment).get(key)
    shown = short(standing.digest)
    return _("%(digest)s (was %(version)s)") % {"digest": shown, "version": was} if was else shown


def _since(after: dt.datetime | None, before: dt.datetime, point: dt.datetime) -> str:
    lasting = clock.distance(point - before)
    return _("since %s") % lasting if after else _("since at least %s") % lasting
