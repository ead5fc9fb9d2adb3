"""What the lanes of a timeline are drawn from: three queries, or four, however many tags there are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from tags.models import Coverage, Movement
from tags.pages.freshness import gives_no_answer
from tags.pages.lanes import Source, unwatched
from tags.pages.standing import Standing, former_names, names_of
from tags.timeline import Gap, Lane

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Sequence

    from tags.models import Repository, Tag
    from tags.pages.lanes import Window

MOST_GAPS = 100
LATER = Coverage.objects.filter(repository=OuterRef("repository"), since__gt=OuterRef("since"))


def sources(tags: Sequence[Tag], window: Window) -> list[Source]:
    """One source per tag, in the order given; the tags must have repositories, registries and sweeps at hand."""
    pointing = [_standing(tag) for tag in tags]
    names = names_of(pointing, None)
    names = former_names(pointing, names, None) | names
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
            registry=str(tag.repository.registry),
            unanswered_since=tag.last_look if gives_no_answer(tag) else None,
        )
        for tag in tags
    ]


def _standing(tag: Tag) -> Standing:
    return Standing(tag.repository_id, tag.name, tag.role, tag.state, tag.digest, tag.after, tag.before)


def stretches_of(
    repositories: Collection[int], start: dt.datetime, end: dt.datetime
) -> defaultdict[int, list[Coverage]]:
    """The coverage of a time, oldest first, and of each repository the last stretch even when it ended earlier."""
    found: defaultdict[int, list[Coverage]] = defaultdict(list)
    of_them = Coverage.objects.filter(repository__in=repositories, since__lte=end).order_by("since", "pk")
    for stretch in of_them.filter(Q(until__gte=start) | ~Exists(LATER)):
        found[stretch.repository_id].append(stretch)
    return found


def gaps_of(repository: Repository, window: Window) -> list[tuple[Repository, Gap]]:
    """The times of the window in which this repository was not watched, the time before its first look too."""
    stretches = stretches_of([repository.pk], window.start, window.end)[repository.pk]
    return [(repository, gap) for gap in unwatched(stretches, window, repository.every)]


def long_gaps(window: Window) -> list[tuple[Repository, Gap]]:
    """The last gaps of any repository longer than two of its intervals; its last stretch goes on until now."""
    missed = Coverage.objects.filter(watched=False, since__lte=window.end).annotate(is_over=Exists(LATER))
    found = missed.filter(Q(until__gte=window.start) | Q(is_over=False)).select_related("repository__registry")
    gaps = [
        (stretch.repository, Gap(stretch.since, stretch.until if stretch.is_over else window.now, stretch.reason))
        for stretch in found.order_by("is_over", "-until", "-pk")[:MOST_GAPS]
    ]
    return [
        (repository, gap) for repository, gap in gaps if (gap.end - gap.start).total_seconds() > 2 * repository.every
    ]
