"""Whether it is known what is so, or was at a moment in the past, and if not, why not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple, Protocol

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from tags.models import Coverage, Movement, Repository, Tag
from tags.pages import clock
from tags.pages.freshness import unsure_because

if TYPE_CHECKING:
    from collections.abc import Collection


class Watched(Protocol):
    """A repository, or what stands for one."""

    @property
    def pk(self) -> int: ...


class Silence(NamedTuple):
    """Why something is not known; `since` when, where the reason does not tell."""

    reason: str
    since: dt.datetime | None = None

    def doubt(self, now: dt.datetime, *, is_past: bool) -> str:
        """What is said of something that was so before, instead of "still current"."""
        reason = self.reason
        if self.since:
            reason = _("%(reason)s since %(since)s") % {"reason": reason, "since": clock.point(self.since, now)}
        if is_past:
            return _("not known whether it still was then: %s") % reason
        return _("not known whether it still is: %s") % reason


def unknown_because(repositories: Collection[Watched], moment: dt.datetime, now: dt.datetime) -> dict[int, str]:
    """Why it is not known what was so at `moment`: repository id -> reason; who is not in it was watched.

    Two queries.
    """
    return {pk: silence.reason for pk, silence in _silences(repositories, moment, now).items()}


def silences(tags: Collection[Tag], moment: dt.datetime | None, now: dt.datetime) -> dict[int, Silence]:
    """Why it is not known where tags are now, or were at `moment`: tag id -> silence. Three queries at most.

    The tags must have repositories and sweeps at hand.
    """
    point = moment or now
    of_repositories = _silences({tag.repository_id: tag.repository for tag in tags}.values(), point, now)
    moving = _moving(tags, moment) if moment else set()
    found: dict[int, Silence] = {}
    for tag in tags:
        if tag.repository_id in of_repositories:
            found[tag.pk] = of_repositories[tag.repository_id]
        elif tag.pk in moving:
            found[tag.pk] = Silence(_("it was moving"))
        elif (reason := unsure_because(tag)) and tag.last_look and tag.last_look < point:
            found[tag.pk] = Silence(_(reason), tag.disputed_since or tag.last_look)
    return found


def _moving(tags: Collection[Tag], moment: dt.datetime) -> set[int]:
    """Those that a move was under way of at `moment`."""
    later = Movement.objects.filter(tag=OuterRef("pk"), before__gt=moment).order_by("before", "pk").values("after")
    those = Tag.objects.filter(pk__in=[tag.pk for tag in tags]).annotate(left_after=Subquery(later[:1]))
    return set(those.filter(left_after__lt=moment).values_list("pk", flat=True))


def _silences(repositories: Collection[Watched], moment: dt.datetime, now: dt.datetime) -> dict[int, Silence]:
    """Why it is not known what was so in repositories at `moment`.

    After the last look the present picture counts for two intervals, since the next look always lies ahead.
    """
    # Each is found at an end of what the index has of a repository, however often it could not be read.
    of_it = Coverage.objects.filter(repository=OuterRef("pk"))
    until_then = of_it.filter(since__lte=moment).order_by("-since", "-pk").values("pk")
    rows = (
        Repository.objects.filter(pk__in=[repository.pk for repository in repositories])
        .order_by()
        .annotate(
            last=Subquery(until_then[:1]),
            seen=Subquery(until_then.filter(watched=True)[:1]),
            first=Subquery(of_it.order_by("since").values("since")[:1]),
        )
        .values_list("pk", "last", "seen", "first")
    )
    found = {pk: (last, seen, first) for pk, last, seen, first in rows}
    stretches = Coverage.objects.in_bulk({pk for last, seen, _first in found.values() for pk in (last, seen) if pk})
    silences = {}
    for pk, (last, seen, first) in found.items():
        look = stretches.get(seen)
        deciding = look if look and look.until >= moment else stretches.get(last)  # a look that ended just then counts
        silences[pk] = _silence(deciding, first, moment, now)
    return {pk: silence for pk, silence in silences.items() if silence}


def _silence(
    stretch: Coverage | None, first: dt.datetime | None, moment: dt.datetime, now: dt.datetime
) -> Silence | None:
    if moment > now:
        return Silence(_("that moment is still to come"))
    if stretch is None:
        return Silence(_("not watched before %s") % clock.full(first) if first else _("nobody has looked yet"))
    if stretch.is_forgotten:
        return Silence(_("not kept any longer before %s") % clock.full(stretch.until))
    if not stretch.watched:
        return Silence(Coverage.in_words(stretch.reason), stretch.since)
    if stretch.is_silent_until(moment):
        return Silence(_("nobody looked after %s") % clock.full(stretch.until))
    return None
