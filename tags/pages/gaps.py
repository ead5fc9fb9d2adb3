"""The times in which nobody could look: which of them are shown, and how they are told."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tags.models import Coverage
from tags.pages import clock
from tags.timeline import gaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tags.pages.lanes import Window
    from tags.timeline import Gap, Stretch


def unwatched(stretches: Sequence[Stretch], window: Window, every: int) -> list[Gap]:
    """The gaps of the window; that the next look lies ahead is none until two intervals are over."""
    found = gaps(stretches, window.start, window.end, window.now)
    return [gap for gap in found if gap.reason != "" or gap.end - gap.start > dt.timedelta(seconds=2 * every)]


def is_forgotten(gap: Gap) -> bool:
    """Whether somebody may well have looked, and what was seen was deleted."""
    return gap.reason == Coverage.FORGOTTEN


def _reason(gap: Gap) -> str:
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
    if is_forgotten(gap):
        return _("not kept any longer before %s, but for the last move of each tag") % clock.point(gap.end, now)
    if gap.end >= now:
        return _("not watched since %(since)s: %(reason)s") % {
            "since": clock.point(gap.start, now), "reason": _reason(gap)
        }  # fmt: skip
    return _("not watched %(when)s: %(reason)s") % {
        "when": clock.between(gap.start, gap.end, now), "reason": _reason(gap)
    }  # fmt: skip
