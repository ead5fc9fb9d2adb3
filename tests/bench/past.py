"""A past of any length, written in bulk: the rows that `Repository.record()` would leave after thousands of polls."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from django.utils import timezone

from tags import versions
from tags.models import Coverage, Image, Movement, Registry, Repository, Tag
from tags.models.sweep import SLICES, Sweep
from tags.models.turn import fingerprint
from tags.timeline import Kind
from tags.versions import Direction, Role
from tests.listings import digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

T = TypeVar("T")

SECOND = dt.timedelta(seconds=1)
BATCH = 2000
INDEX = "application/vnd.oci.image.index.v1+json"
SOURCE = "https://git.example.com"
KINDS = {Direction.FORWARD: Kind.FORWARD, Direction.ROLLBACK: Kind.ROLLBACK, Direction.CHANGED: Kind.CHANGED}

# The last poll of every past. A poll asks for the list, has every answer a second later and ends after another.
LAST_POLL = timezone.now().replace(microsecond=0) - dt.timedelta(minutes=1)


def registry(address: str) -> Registry:
    return Registry.objects.create(address=address, name=address.partition(".")[0].title(), interval=3600)


def repository(
    of: Registry,
    name: str,
    names: Mapping[str, str],
    pointers: Mapping[str, Sequence[str]],
    *,
    days: int = 90,
    interval: int = 3600,
) -> Repository:
    """A repository watched for so many days up to the last poll.

    `names` are the tags that never moved, with their contents; `pointers` tell what contents each went through, oldest
    first. All were there at the first look; moves are spread evenly, each pointer's a little later than the last one's.
    """
    first = LAST_POLL - dt.timedelta(days=days)
    row = Repository.objects.create(
        registry=of,
        name=name,
        interval=interval,
        next_poll_at=LAST_POLL + dt.timedelta(seconds=interval),
        outcome=Repository.Outcome.COMPLETE,
        polled_at=LAST_POLL + 2 * SECOND,
        listed_at=LAST_POLL,
        checked_at=LAST_POLL,
        read_whole_at=LAST_POLL,
        fingerprint=fingerprint({*names, *pointers}),
    )
    Coverage.objects.create(
        repository=row, watched=True, since=first + 2 * SECOND, until=LAST_POLL + 2 * SECOND, interval=interval
    )
    Sweep.objects.create(repository=row, looks=[int(LAST_POLL.timestamp())] * SLICES)
    roles = versions.roles({**names, **{pointer: been[-1] for pointer, been in pointers.items()}}, set(pointers))
    called = _called(names, roles)
    tags = (_tag(row, name, content, roles[name], first) for name, content in names.items())
    moved = [_tag(row, name, been[-1], Role.POINTER, first) for name, been in pointers.items()]
    movements: list[Movement] = []
    for number, (tag, been) in enumerate(zip(moved, pointers.values(), strict=True)):
        times = list(_times(len(been) - 1, number, first, interval))
        movements += _movements(tag, been, times, called, interval)
        if times:
            tag.moved, tag.after, tag.before = True, times[-1] - dt.timedelta(seconds=interval), times[-1] + SECOND
    for some in _batches(chain(tags, moved)):
        Tag.objects.bulk_create(some)
    for batch in _batches(sorted(movements, key=lambda movement: movement.before)):
        Movement.objects.bulk_create(batch)
    _remember({*names.values(), *(content for been in pointers.values() for content in been)}, name, first)
    return row


def _called(names: Mapping[str, str], roles: Mapping[str, Role]) -> dict[str, str | None]:
    """What each content is called: its most telling version."""
    of_content: defaultdict[str, list[str]] = defaultdict(list)
    for name, content in names.items():
        if roles[name] == Role.VERSION:
            of_content[content].append(name)
    return {content: versions.display_version(of) for content, of in of_content.items()}


def _tag(of: Repository, name: str, content: str, role: Role, first: dt.datetime) -> Tag:
    seen = first + SECOND
    return Tag(
        repository=of,
        name=name,
        role=role,
        state=Tag.State.PRESENT,
        digest=digest(content),
        before=seen,
        first_seen_at=seen,
        swept=role != Role.POINTER,
    )


def _times(count: int, number: int, first: dt.datetime, interval: int) -> Iterator[dt.datetime]:
    """The polls, each another one, that found the moves of a repository's pointer of that number."""
    polls = int((LAST_POLL - first).total_seconds()) // interval
    spacing = polls / (count + 1)
    for move in range(1, count + 1):
        late = number * 7 % max(int(spacing), 1)
        yield first + dt.timedelta(seconds=interval) * min(int(move * spacing) + late, polls)


def _movements(
    tag: Tag, been: Sequence[str], times: Iterable[dt.datetime], called: Mapping[str, str | None], interval: int
) -> Iterator[Movement]:
    visited = {been[0]}
    for left, came, at in zip(been, been[1:], times, strict=False):
        direction = versions.direction(called.get(left), called.get(came), been_there=came in visited)
        visited.add(came)
        yield Movement(
            tag=tag,
            repository=tag.repository,
            kind=KINDS[direction],
            from_digest=digest(left),
            to_digest=digest(came),
            from_version=called.get(left),
            to_version=called.get(came),
            after=at - dt.timedelta(seconds=interval),
            before=at + SECOND,
            found_at=at + 2 * SECOND,
        )


def _remember(contents: set[str], name: str, first: dt.datetime) -> None:
    """The images behind all contents, read as `describing` reads them."""
    images = (
        Image(
            digest=digest(content),
            media_type=INDEX,
            created=first - dt.timedelta(hours=number % 5000),
            size=40_000_000 + number % 1000 * 10_007,
            platforms=["linux/amd64", "linux/arm64"],
            labels={
                "org.opencontainers.image.source": f"{SOURCE}/{name}",
                "org.opencontainers.image.revision": digest(content)[-40:],
            },
            content=digest(f"platforms of {content}"),
            describe_at=None,
            described_at=first + dt.timedelta(minutes=1),
            attempts=1,
        )
        for number, content in enumerate(sorted(contents))
    )
    for some in _batches(images):
        Image.objects.bulk_create(some, ignore_conflicts=True)


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(rows)
    while some := list(islice(remaining, BATCH)):
        yield some
