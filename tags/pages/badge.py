"""A tag's state in a few words, drawn as a badge: no font is asked for, so widths are reckoned from a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tags.models import Tag
from tags.models.movement import short
from tags.pages import clock
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.standing import former_names, names_of, standings, under_way

if TYPE_CHECKING:
    import datetime as dt

    from tags.pages.standing import Standing

# White on each of them has a contrast of at least 4.5.
GOOD, WARN, QUIET = "#2c4fc4", "#8a5a00", "#566072"
# Since a time that is known, and of what may have been so earlier.
SENTENCES = {
    Tag.State.PRESENT: (
        gettext_lazy("%(version)s since %(duration)s"),
        gettext_lazy("%(version)s since at least %(duration)s"),
    ),
    Tag.State.MISSING: (
        gettext_lazy("image missing since %(duration)s"),
        gettext_lazy("image missing since at least %(duration)s"),
    ),
    Tag.State.REMOVED: (
        gettext_lazy("removed %(duration)s ago"),
        gettext_lazy("removed at least %(duration)s ago"),
    ),
}
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


def badge(tag: Tag, label: str, moment: dt.datetime | None, now: dt.datetime) -> Badge:
    """How the tag stands now, or stood at `moment`."""
    if moment is None:
        return _judged(_standing(tag, label, None, now), tag, now)
    if unknown_because([tag.repository], moment, now):
        return Badge(label, _("not known"), QUIET)
    return _standing(tag, label, moment, moment)


def _standing(tag: Tag, label: str, moment: dt.datetime | None, point: dt.datetime) -> Badge:
    stands = standings(tag.repository.tags.filter(pk=tag.pk), moment)
    if not stands:
        return Badge(label, _gone(tag, point), QUIET)
    (standing,) = stands
    plain = _of(standing, tag, label, moment, point)
    return _moving(plain, standing, standing.leaving_before, moment) if standing.leaving_before else plain


def _of(standing: Standing, tag: Tag, label: str, moment: dt.datetime | None, point: dt.datetime) -> Badge:
    if standing.is_coming:
        return Badge(label, _("not known"), QUIET)
    if standing.state == tag.State.UNKNOWN:
        return Badge(label, _("not looked at yet"), QUIET)
    if standing.is_missing or standing.digest is None:
        # The tag's own times are those of the image that it had before.
        since = tag.missing_since or standing.before
        had_one = tag.first_seen_at if tag.first_seen_at < since else None
        return Badge(label, _since(Tag.State.MISSING, had_one, since, point), WARN)
    name = _name(standing, standing.digest, moment)
    return Badge(label, _since(Tag.State.PRESENT, standing.after, standing.before, point, name), GOOD)


def _moving(plain: Badge, standing: Standing, before: dt.datetime, moment: dt.datetime | None) -> Badge:
    """The same in amber, with the move that was under way."""
    to = _name(standing, standing.leaving_to, moment) if standing.leaving_to else None
    when = clock.between(standing.leaving_after, before)
    words = under_way(to, is_coming=standing.is_coming).format(version=to, when=when)
    return Badge(plain.label, f"{plain.words} · {words}", WARN)


def _gone(tag: Tag, point: dt.datetime) -> str:
    """Why it was not there: what was listed and never looked at was not removed."""
    if tag.first_seen_at > point:
        return _("not there yet")
    last = tag.movements.filter(before__lte=point).newest_first().first()
    if last is None or last.to_digest is not None:
        return _("not known")
    return _since(Tag.State.REMOVED, last.after, last.before, point)


def _judged(plain: Badge, tag: Tag, now: dt.datetime) -> Badge:
    """The same in amber, with the last look in words, where it may no longer be so."""
    fresh = freshness(tag.repository, now, tag)
    if not fresh.is_warning:
        return plain
    words = _("%(state)s · checked %(when)s") if fresh.checked_at else _("%(state)s · never checked")
    when = fresh.checked_at and clock.relative(fresh.checked_at, now)
    return Badge(plain.label, words % {"state": plain.words, "when": when}, WARN)


def _name(standing: Standing, digest: str, moment: dt.datetime | None) -> str:
    """What the image is called: the version, else what it was last called, else the digest."""
    key = (standing.repository_id, digest)
    names = names_of([standing], moment)
    if key in names:
        return names[key]
    was = former_names([standing], names, moment).get(key)
    shown = short(digest)
    return _("%(digest)s (was %(version)s)") % {"digest": shown, "version": was} if was else shown


def _since(
    state: Tag.State, after: dt.datetime | None, before: dt.datetime, point: dt.datetime, version: str = ""
) -> str:
    since, since_at_least = SENTENCES[state]
    words = since if clock.is_since(after, before, point) else since_at_least
    return str(words) % {"version": version, "duration": clock.distance(point - before)}
