"""What the bars of a timeline are called: in words what the eye sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tags.pages import clock

if TYPE_CHECKING:
    import datetime as dt

    from tags.pages.clock import Points
    from tags.pages.lanes import Source, Window
    from tags.timeline import Bar, Cluster


def bar_name(bar: Bar, source: Source, label: str, window: Window, points: Points) -> str:
    """The bar in words, with its true beginning; what the window cuts off ended later."""
    since = bar.came[1] if bar.came else source.lane.first_seen
    was_current = window.moment is not None and bar.end in (None, window.last)
    is_current = window.moment is None and bar.end is None
    is_cut = bar.end == window.end and not was_current
    sure_until = max(bar.known_until or window.last, since)
    lasting = clock.lasting(bar.came[0] if bar.came else None, since, bar.end or window.last)
    facts = {
        "tag": source.lane.name,
        "version": label,
        "start": _start_words(bar, since, window, points),
        "lasting": _("at least %s") % clock.duration(sure_until - since) if is_cut else lasting,
    }
    if not (is_current or was_current):
        end = points.of(sure_until if is_cut else bar.end or window.last)
        facts["end"] = _("%s or later") % end if is_cut else end
        return _("%(tag)s on %(version)s from %(start)s to %(end)s (%(lasting)s)") % facts
    if source.silence:
        facts["doubt"] = source.silence.doubt(window.now, is_past=was_current)
        return _("%(tag)s on %(version)s since %(start)s; %(doubt)s") % facts
    if was_current:
        return _("%(tag)s on %(version)s since %(start)s (%(lasting)s), current then") % facts
    return _("%(tag)s on %(version)s since %(start)s (%(lasting)s), still current") % facts


def _start_words(bar: Bar, since: dt.datetime, window: Window, points: Points) -> str:
    start = points.of(since)
    if bar.came is None:
        return _("%s or earlier") % start
    after, before = bar.came
    if after is None or after >= before:
        return start
    words = clock.between(after, before, window.now)
    # Behind "from" or "since" a day may stand, but no "between".
    is_one_day = clock.day(after, window.now) == clock.day(before, window.now)
    return words if is_one_day else _("some time %s") % words


def cluster_name(cluster: Cluster, source: Source, then: str, points: Points) -> str:
    """Several bars in words; `then` is the version that followed them, empty where none did."""
    if then:
        name = ngettext(
            "%(tag)s on %(count)d image from %(start)s to %(end)s, then on %(then)s: zoom in to see it",
            "%(tag)s on %(count)d images from %(start)s to %(end)s, then on %(then)s: zoom in to see them",
            cluster.count,
        )
    else:
        name = ngettext(
            "%(tag)s on %(count)d image from %(start)s to %(end)s: zoom in to see it",
            "%(tag)s on %(count)d images from %(start)s to %(end)s: zoom in to see them",
            cluster.count,
        )
    return name % {
        "tag": source.lane.name,
        "count": cluster.count,
        "start": points.of(cluster.start),
        "end": points.of(cluster.end),
        "then": then,
    }
