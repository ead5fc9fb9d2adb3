"""A registry says that something was pushed: its repository is looked at soon, and what it said is not written down."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import F, Q

from tags.models import Registry, databaseclock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tags.registry.webhooks import Announcement

LEAST_PAUSE = dt.timedelta(seconds=5)
"""Between the end of a poll and the next that a webhook brings forward: pushing ten tags is one look, not ten."""


def heed(registry: Registry, announcements: Iterable[Announcement]) -> int:
    """Bring forward the polls of the repositories that were spoken of; returns how many are watched.

    A name that is not watched yet, but that the registry's patterns ask for, brings its discovery forward instead.
    """
    tags: defaultdict[str, set[str]] = defaultdict(set)
    for announcement in announcements:
        tags[announcement.repository].add(announcement.tag)
    now = databaseclock.now()
    found = registry.repositories.watched().filter(name__in=tags).select_related("registry", "sweep")
    for repository in found:
        repository.look_soon_at(tags[repository.name])
    polled_just_now = Q(polled_at__gt=now - LEAST_PAUSE)
    # A poll under way may have looked already: it leaves a time that was set while it ran as it is.
    found.filter(~polled_just_now, Q(next_poll_at__gt=now) | Q(lease_until__gte=now)).update(next_poll_at=now)
    found.filter(polled_just_now, next_poll_at__gt=now + LEAST_PAUSE).update(next_poll_at=F("polled_at") + LEAST_PAUSE)
    strangers = tags.keys() - registry.repositories.values_list("name", flat=True)
    if any(map(registry.wants, strangers)):
        Registry.objects.filter(pk=registry.pk).update(next_discovery_at=now)
    return len(found)
