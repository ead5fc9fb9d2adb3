"""Whether anybody watched at a moment in the past, and if not, why not."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol

from django.db.models import Case, Min, OuterRef, Subquery, When
from django.utils.translation import gettext as _

from tags.models import Coverage, Repository
from tags.pages import clock

if TYPE_CHECKING:
    from collections.abc import Collection


class Watched(Protocol):
    """A repository, or what stands for one."""

    @property
    def pk(self) -> int: ...


def unknown_because(repositories: Collection[Watched], moment: dt.datetime, now: dt.datetime) -> dict[int, str]:
    """Why it is not known what was so at `moment`: repository id -> reason; who is not in it was watched. Two queries.

    After the last look the present picture counts for two intervals, since the next look always lies ahead.
    """
    deciding = (
        Coverage.objects.filter(repository=OuterRef("pk"), since__lte=moment)
        .order_by(Case(When(watched=True, until__gte=moment, then=0), default=1), "-since", "-pk")
        .values("pk")[:1]
    )
    found = {
        pk: (stretch, first)
        for pk, stretch, first in Repository.objects.filter(pk__in=[repository.pk for repository in repositories])
        .annotate(deciding=Subquery(deciding), first=Min("coverage__since"))
        .values_list("pk", "deciding", "first")
    }
    stretches = Coverage.objects.in_bulk([stretch for stretch, _first in found.values() if stretch])
    reasons = {
        repository.pk: _reason(stretches.get(found[repository.pk][0]), found[repository.pk][1], moment, now)
        for repository in repositories
    }
    return {pk: reason for pk, reason in reasons.items() if reason}


def _reason(stretch: Coverage | None, first: dt.datetime | None, moment: dt.datetime, now: dt.datetime) -> str:
    if moment > now:
        return _("that moment is still to come")
    if stretch is None:
        return _("not watched before %s") % clock.full(first) if first else _("nobody has looked yet")
    if not stretch.watched:
        return Coverage.in_words(stretch.reason)
    if not stretch.is_silent_until(moment):
        return ""
    return _("nobody looked after %s") % clock.full(stretch.until)
