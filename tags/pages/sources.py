"""What the lanes of a timeline are drawn from: three queries, however many tags there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from tags.models import Coverage, Movement
from tags.pages.lanes import Source, unwatched
from tags.pages.standing import Standing, names_of
from tags.timeline import Gap, Lane

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence

    from tags.models import Repository, Tag
    from tags.pages.lanes import Window

MOST_GAPS = 100


def sources(tags: Sequence[Tag], window: Window) -> list[Source]:
    """One source per tag, in the order given; the tags must have their repositories and registries at hand."""
    names = names_of([_standing(tag) for tag in tags], None)
    moves: defaultdict[int, list[Movement]] = defaultdict(list)
    for move in Movement.objects.filter(tag__in=tags, before__gt=window.start).order_by("before", "pk"):
        moves[move.tag_id].append(move)
    stretches = stretches_of({tag.repository_id for tag in tags}, window.start, window.end)
    return [
        Source(
            Lane(
                name=tag.name,
                digest=tag.digest,
                version=names.get((tag.repository_id, tag.digest)) if tag.digest else None,
                first_seen=tag.first_seen_at if moves[tag.pk] else max(tag.first_seen_at, tag.before),
                moves=moves[tag.pk],
            ),
            repository=tag.repository.short_name,
            address=tag.repository.get_absolute_url(),
            stretches=stretches[tag.repository_id],
            every=tag.repository.every,
        )
        for tag in tags
    ]


def _standing(tag: Tag) -> Standing:
    return Standing(tag.repository_id, tag.name, tag.role, tag.state, tag.digest, tag.after, tag.before)


def stretches_of(
    repositories: Collection[int], start: dt.datetime, end: dt.datetime
) -> defaultdict[int, list[Coverage]]:
    """The coverage of a time, oldest first, and of each repository the last stretch even when it ended earlier."""
    later = Coverage.objects.filter(repository=OuterRef("repository"), since__gt=OuterRef("since"))
    found: defaultdict[int, list[Coverage]] = defaultdict(list)
    of_them = Coverage.objects.filter(repository__in=repositories, since__lte=end).order_by("since", "pk")
    for stretch in of_them.filter(Q(until__gte=start) | ~Exists(later)):
        found[stretch.repository_id].append(stretch)
    return found


def gaps_of(repository: Repository, window: Window) -> list[tuple[Repository, Gap]]:
    """The times of the window in which this repository was not watched, the time before its first look too."""
    stretches = stretches_of([repository.pk], window.start, window.end)[repository.pk]
    return [(repository, gap) for gap in unwatched(stretches, window, repository.every)]


def long_gaps(window: Window) -> list[tuple[Repository, Gap]]:
    """The last gaps of any repository that were longer than two of its intervals."""
    missed = Coverage.objects.filter(watched=False, until__gte=window.start, since__lte=window.end)
    found = missed.select_related("repository__registry").order_by("-until", "-pk")[:MOST_GAPS]
    return [
        (stretch.repository, Gap(stretch.since, stretch.until, stretch.reason))
        for stretch in found
        if (stretch.until - stretch.since).total_seconds() > 2 * stretch.repository.every
    ]
