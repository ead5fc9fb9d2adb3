"""Which tags are the same image in this repository?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.shortcuts import render
from django.utils import timezone

from tags.models import Image
from tags.models.tag import BATCH
from tags.pages.freshness import freshness
from tags.pages.knowledge import unknown_because
from tags.pages.labels import labelled
from tags.pages.standing import Standing, former_names, namings, standings
from tags.pages.whatiswhere import ROWS, By, Details, Names, image_rows, pointers_of, tag_rows
from tags.versions import Role
from tags.views.asking import as_of, explain_bad_addresses, text_of
from tags.views.exports import export, export_format, no_export
from tags.views.finding import elsewhere, find, not_watched

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from django.http import HttpRequest, HttpResponseBase

    from tags.models import Repository
    from tags.registry import Reference

COLUMNS = (
    "repository", "name", "role", "digest", "version", "aliases", "after", "before", "created", "size", "platforms",
    "state",
)  # fmt: skip
SHOWN_OF_IMAGE = ("digest", "created", "size", "platforms", "described_at")


@explain_bad_addresses
def repository(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    ask, text, by = as_of(request), text_of(request), _by(request)
    moment = ask.moment
    unknown = unknown_because([found], moment, ask.now).get(found.pk, "") if moment else ""
    names = Names([], text) if unknown else Names(namings(found, moment), text, labelled(found, text))
    if wanted := export_format(request):
        if unknown:
            return no_export(unknown)
        return export(wanted, found.name, COLUMNS, _lines(found, names, by, moment))
    return render(
        request,
        "tags/repository.html",
        {
            "page": "board",
            "repository": found,
            "freshness": freshness(found, ask.now),
            "by": by.value,
            "unknown": unknown,
            "text": text,
            "names": names,
            **_picture(found, names, by, request.GET.get("page"), moment),
            **ask.context,
        },
    )


def _by(request: HttpRequest) -> By:
    try:
        return By(text_of(request, "by"))
    except ValueError:
        return By.VERSION


def _picture(
    found: Repository, names: Names, by: By, number: str | None, moment: dt.datetime | None
) -> dict[str, object]:
    """The rows of one page, and how many there are."""
    unpointed: list[str] = []
    if by is By.VERSION:
        listed, unpointed = names.pointed(), names.unpointed()
        shown, total = len(listed) + len(unpointed), names.images
    else:
        every = names.pointer_names() if by is By.POINTER else names.tag_names()
        listed = names.matching(every)
        shown, total = len(listed), len(every)
    page = Paginator(listed, ROWS).get_page(number)
    newest = names.newest(unpointed) if not page.has_next() else []
    if by is By.VERSION:
        digests = [*page, *newest]
        swept = {} if moment else _swept(found, digests)
        details = _details(found, names, pointers_of(names, page), digests, moment, swept)
        rows: Sequence[object] = image_rows(names, page, details)
    else:
        digests = [digest for name in page if (digest := names.digests[name])]
        details = _details(found, names, list(page), digests, moment, {})
        rows = tag_rows(names, page, details, beside=by)
    homeless = names.homeless() if by is By.VERSION else []
    return {
        "rows": rows,
        "paged": page,
        "unpointed": image_rows(names, newest, details),
        "all_unpointed": len(unpointed),
        "more_unpointed": len(unpointed) - len(newest),
        "homeless": homeless,
        "shown": shown,
        "total": total,
        "drifts": names.drifts(details.tags),
        "suggestion": names.suggestion() if names.text and not shown and not homeless else "",
    }


def _details(
    found: Repository,
    names: Names,
    shown: Collection[str],
    digests: Collection[str],
    moment: dt.datetime | None,
    swept: Mapping[str, Sequence[Standing]],
) -> Details:
    """What the rows of these names and digests tell; three queries, the second only where an image has no version."""
    tags = {tag.name: tag for tag in _standings(found, {*shown, *names.beside_production()}, moment)}
    nameless = [tag for tag in tags.values() if tag.digest and tag.digest not in names.versions]
    was = {digest: name for (_pk, digest), name in former_names(nameless, {}, moment).items()} if nameless else {}
    images = Image.objects.only(*SHOWN_OF_IMAGE).in_bulk({*digests})
    looks = None if moment else found.looks
    return Details(tags, timezone.get_current_timezone(), was, images, looks, swept)


def _swept(found: Repository, digests: Collection[str]) -> dict[str, list[Standing]]:
    """The versions of these digests that are left to the sweep; one query."""
    of_digest: dict[str, list[Standing]] = {}
    for tag in standings(found.tags.filter(digest__in=digests, role=Role.VERSION, swept=True), None):
        of_digest.setdefault(str(tag.digest), []).append(tag)
    return of_digest


def _standings(found: Repository, names: Collection[str], moment: dt.datetime | None) -> Iterator[Standing]:
    asked = sorted(names)
    for start in range(0, len(asked), BATCH):
        yield from standings(found.tags.filter(name__in=asked[start : start + BATCH]), moment)


def _lines(found: Repository, names: Names, by: By, moment: dt.datetime | None) -> Iterator[tuple[object, ...]]:
    """One line per tag that the filter finds; by pointer, pointers only."""
    every = names.matching(names.pointer_names() if by is By.POINTER else names.tag_names())
    reference = str(found.reference)
    for start in range(0, len(every), BATCH):
        batch = every[start : start + BATCH]
        tags = {tag.name: tag for tag in _standings(found, batch, moment)}
        digests = {tag.digest for tag in tags.values() if tag.digest}
        images = Image.objects.only(*SHOWN_OF_IMAGE).in_bulk(digests)
        groups = {digest: names.group(digest) for digest in digests}
        for tag in (tags[name] for name in batch if name in tags):
            group, image = groups.get(tag.digest or ""), images.get(tag.digest or "")
            aliases = (*group.versions, *group.pointers) if group else ()
            yield (
                reference, tag.name, Role(tag.role).value, tag.digest, group and group.version,
                tuple(name for name in aliases if name != tag.name), tag.after, tag.before,
                image and image.created, image and image.size, tuple(image.platforms) if image else (), tag.state,
            )  # fmt: skip
