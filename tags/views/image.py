"""Which tags point, or pointed, at this digest, in every repository and registry?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import gettext as _

from tags.models import Image
from tags.models.movement import short
from tags.pages import image as images
from tags.pages.knowledge import unknown_because
from tags.pages.search import digests_beginning
from tags.pages.sourcecode import commit_link, revision_of, source_of
from tags.views.asking import as_of, page_view
from tags.views.exports import export, export_format, is_export, no_file
from tags.views.finding import sent_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from tags.models import Movement
    from tags.pages.image import Stay, Where
    from tags.registry import Reference

COLUMNS = (
    "digest", "repository", "tag", "role", "state", "since_after", "since_before", "until_after", "until_before",
    "moved_on_to", "moving_to", "moving_after", "moving_before",
)  # fmt: skip


@page_view
def image(request: HttpRequest, digest: str) -> HttpResponseBase:
    ask = as_of(request)
    found = Image.objects.filter(pk=digest).first()
    standing, away = images.standing_on(digest, ask.moment), images.moves_away(digest, ask.point)
    if found is None and not standing and not images.was_ever_pointed_at(digest):
        return _meant(request, digest)
    repositories = {stay.tag.repository_id: stay.tag.repository for stay in standing}.values()
    unknown = unknown_because(repositories, ask.moment, ask.now) if ask.moment else {}
    here = images.here(standing, unknown)
    if wanted := export_format(request):
        gone = images.stays_ended(away.iterator())
        return export(wanted, f"image-{short(digest)}", COLUMNS, _rows(digest, here, gone))
    shown = list(images.stays_ended(away[: images.MOST_SHOWN]))
    labels = found.labels if found else {}
    return render(
        request,
        "tags/image.html",
        {
            "digest": digest,
            "image": found,
            "called": images.called(here, shown),
            "here": here,
            "gone": shown,
            "gone_not_shown": away.count() - len(shown) if len(shown) == images.MOST_SHOWN else 0,
            "labels": images.labels_of(found) if found else [],
            "source": source_of(labels),
            "revision": revision_of(labels),
            "commit": commit_link(labels),
            **ask.context,
        },
    )


@page_view
def pinned(request: HttpRequest, reference: Reference) -> HttpResponse:
    """The digest of a reference decides, whatever stands before it; the address of an image is its digest alone."""
    digest = str(reference.digest)
    if not (Image.objects.filter(pk=digest).exists() or images.was_ever_pointed_at(digest)):
        return _meant(request, digest)
    return sent_on(request, f"/{digest}/")


def _meant(request: HttpRequest, digest: str) -> HttpResponse:
    """The image whose digest begins so, or those to choose from, or that there is none."""
    matches = digests_beginning(digest, images.MOST_MATCHES)
    if len(matches) == 1:
        return sent_on(request, f"/{matches[0]}/")
    if is_export(request):
        return no_file(_("No such image"))
    context = {
        "digest": digest,
        "matches": matches[: images.MOST_MATCHES],
        "more": len(matches) > images.MOST_MATCHES,
        **as_of(request).context,
    }
    return render(request, "tags/no_such_image.html", context, status=300 if matches else 404)


def _rows(digest: str, here: Sequence[Where], gone: Iterable[Stay]) -> Iterator[tuple[object, ...]]:
    for where in here:
        for stay in where.stays:
            yield _row(digest, stay, "unknown" if where.unknown else "here", None)
    for stay in gone:
        yield _row(digest, stay, "gone", stay.left)


def _row(digest: str, stay: Stay, state: str, left: Movement | None) -> tuple[object, ...]:
    return (
        digest,
        stay.tag.repository.reference,
        stay.tag.name,
        stay.tag.role,
        state,
        stay.after,
        stay.before,
        left and left.after,
        left and left.before,
        left and left.to_digest,
        stay.leaving_to,
        stay.leaving_after,
        stay.leaving_before,
    )
