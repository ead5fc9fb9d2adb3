"""What is where in one repository: of the rows that a page shows all is asked, and of the others nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.core.paginator import Paginator
from django.utils import timezone

from tags.models import Image
from tags.models.tag import BATCH
from tags.pages.labels import labelled
from tags.pages.standing import Standing, former_names, namings, standings
from tags.pages.whatiswhere import (
    MOST_UNPOINTED,
    ROWS,
    By,
    Details,
    Inventory,
    image_rows,
    pointers_of,
    tag_rows,
)
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from django.core.paginator import Page

    from tags.models import Repository
    from tags.pages.drift import Drift
    from tags.pages.whatiswhere import Row, TagRow

SHOWN_OF_IMAGE = ("digest", "created", "size", "platforms", "described_at")


def inventory_of(repository: Repository, moment: dt.datetime | None, text: str) -> Inventory:
    """Every tag that is there now, or was at that moment, and what the text leaves of them."""
    return Inventory(namings(repository, moment), text, labelled(repository, moment, text))


class Picture(NamedTuple):
    """One page of rows; by version there is more below it: images without a pointer, and names without an image.

    `coming` are those of which nobody knows whether they were there.
    """

    rows: Sequence[Row | TagRow]
    paged: Page[str]
    unpointed: Sequence[Row]
    all_unpointed: int
    more_unpointed: int
    homeless: list[str]
    more_homeless: int
    coming: Sequence[TagRow]
    more_coming: int
    shown: int
    total: int
    drifts: list[Drift]
    suggestion: str


def picture(
    repository: Repository, inventory: Inventory, by: By, number: str | None, moment: dt.datetime | None
) -> Picture:
    """The page of that number, or the first."""
    unpointed: list[str] = []
    homeless: list[str] = []
    coming: list[str] = []
    if by is By.VERSION:
        listed, unpointed, homeless = inventory.pointed(), inventory.unpointed(), inventory.homeless()
        if moment:  # what is not missing then, and has no image, was coming
            coming = [name for name in homeless if name not in inventory.missing]
            homeless = [name for name in homeless if name in inventory.missing]
        shown, total = len(listed) + len(unpointed), inventory.images
    else:
        every = inventory.pointer_names() if by is By.POINTER else inventory.tag_names()
        listed = inventory.matching(every)
        shown, total = len(listed), len(every)
    page = Paginator(listed, ROWS).get_page(number)
    newest = inventory.newest(unpointed) if not page.has_next() else []
    rows: Sequence[Row | TagRow]
    if by is By.VERSION:
        digests = [*page, *newest]
        names = [*pointers_of(inventory, page), *coming[:MOST_UNPOINTED]]
        versions = _versions(repository, digests, moment)
        details = _details(repository, inventory, names, digests, moment, versions)
        rows = image_rows(inventory, page, details)
    else:
        digests = [digest for name in page if (digest := inventory.digests[name])]
        details = _details(repository, inventory, list(page), digests, moment, {})
        rows = tag_rows(inventory, page, details, beside=by)
    return Picture(
        rows,
        page,
        image_rows(inventory, newest, details),
        len(unpointed),
        len(unpointed) - len(newest),
        homeless[:MOST_UNPOINTED],
        max(len(homeless) - MOST_UNPOINTED, 0),
        tag_rows(inventory, coming[:MOST_UNPOINTED], details, beside=By.TAG),
        max(len(coming) - MOST_UNPOINTED, 0),
        shown,
        total,
        inventory.drifts(details.tags),
        inventory.suggestion() if inventory.text and not (shown or homeless or coming) else "",
    )


def every_tag(repository: Repository, inventory: Inventory, by: By, moment: dt.datetime | None) -> Iterator[TagRow]:
    """All that the filter finds, by pointer only those, with all their aliases."""
    names = inventory.matching(inventory.pointer_names() if by is By.POINTER else inventory.tag_names())
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        tags = {tag.name: tag for tag in _standings(repository, batch, moment)}
        images = _images(tag.digest for tag in tags.values() if tag.digest)
        details = Details(tags, timezone.get_current_timezone(), images=images)
        yield from tag_rows(inventory, batch, details, beside=By.TAG)


def _details(
    repository: Repository,
    inventory: Inventory,
    shown: Collection[str],
    digests: Collection[str],
    moment: dt.datetime | None,
    versions: Mapping[str, Sequence[Standing]],
) -> Details:
    """What the rows of these names and digests tell; three queries, the second only where an image has no version."""
    tags = {tag.name: tag for tag in _standings(repository, {*shown, *inventory.beside_production()}, moment)}
    nameless = [tag for tag in tags.values() if tag.digest and tag.digest not in inventory.versions]
    was = {digest: name for (_pk, digest), name in former_names(nameless, {}, moment).items()} if nameless else {}
    looks = None if moment else repository.looks
    return Details(tags, timezone.get_current_timezone(), was, _images(digests), looks, versions)


def _images(digests: Iterable[str]) -> dict[str, Image]:
    return Image.objects.only(*SHOWN_OF_IMAGE).in_bulk({*digests})


def _versions(
    repository: Repository, digests: Collection[str], moment: dt.datetime | None
) -> dict[str, list[Standing]]:
    """Those of these digests that are left to the sweep or, at a moment, that a move was under way of; one query."""
    versions = repository.tags.filter(role=Role.VERSION)
    if moment:
        moves = repository.movements.filter(after__lt=moment, before__gt=moment)
        versions = versions.filter(pk__in=moves.filter(from_digest__in=digests).values("tag"))
    else:
        versions = versions.filter(digest__in=digests, swept=True)
    found: dict[str, list[Standing]] = {}
    for tag in standings(versions, moment):
        found.setdefault(str(tag.digest), []).append(tag)
    return found


def _standings(repository: Repository, names: Collection[str], moment: dt.datetime | None) -> list[Standing]:
    """Those of these names; one query, and so for no more of them than a page shows or `every_tag` asks at once."""
    return standings(repository.tags.filter(name__in=names), moment)
