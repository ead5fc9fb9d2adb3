"""Which tags point, or pointed, at this digest, in every repository and registry?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render

from tags.models import Image, Movement, Tag
from tags.models.movement import short
from tags.pages import image as images
from tags.pages.knowledge import unknown_because
from tags.pages.sourcecode import commit_link, revision_of, source_of
from tags.views.asking import as_of, explain_bad_addresses
from tags.views.exports import export, export_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from tags.pages.image import Stay, Where

COLUMNS = (
    "digest", "repository", "tag", "role", "state", "since_after", "since_before", "until_after", "until_before",
    "moved_on_to",
)  # fmt: skip


@explain_bad_addresses
def image(request: HttpRequest, digest: str) -> HttpResponseBase:
    ask = as_of(request)
    found = Image.objects.filter(pk=digest).first()
    stays = images.stays(digest)
    if found is None and not stays:
        return _meant(request, digest)
    repositories = {stay.tag.repository_id: stay.tag.repository for stay in stays}
    unknown = unknown_because(list(repositories.values()), ask.moment, ask.now) if ask.moment else {}
    here, gone = images.here(stays, ask.point, unknown), images.gone(stays, ask.point)
    if wanted := export_format(request):
        return export(wanted, f"image-{short(digest)}", COLUMNS, _rows(digest, here, gone))
    labels = found.labels if found else {}
    return render(
        request,
        "tags/image.html",
        {
            "digest": digest,
            "image": found,
            "called": images.called(here, gone),
            "here": here,
            "gone": gone[: images.MOST_SHOWN],
            "gone_not_shown": max(len(gone) - images.MOST_SHOWN, 0),
            "labels": images.labels_of(found) if found else [],
            "source": source_of(labels),
            "revision": revision_of(labels),
            "commit": commit_link(labels),
            **ask.context,
        },
    )


def _meant(request: HttpRequest, digest: str) -> HttpResponse:
    """The image whose digest begins so, or those to choose from, or that there is none."""
    algorithm, _colon, digits = digest.partition(":")
    matches = _beginning(digest) if len(digits) >= images.SHORTEST_PREFIX else []
    matches = [match for match in matches if match != digest]  # of which nothing is to be shown
    if len(matches) == 1:
        query = request.META.get("QUERY_STRING", "")
        return redirect(f"/{matches[0]}/?{query}" if query else f"/{matches[0]}/")
    context = {
        "digest": f"{algorithm}:{digits}",
        "matches": matches[: images.MOST_MATCHES],
        "more": len(matches) > images.MOST_MATCHES,
        "is_short": len(digits) < images.SHORTEST_PREFIX,
        "shortest": images.SHORTEST_PREFIX,
    }
    return render(request, "tags/no_such_image.html", context, status=300 if matches else 404)


def _beginning(prefix: str) -> list[str]:
    """The digests that begin so; the bounds are for the index, which not every database uses for a beginning."""
    known = (Image.objects.values_list("digest"), Tag.objects.values_list("digest"))
    fitting = (
        digests.filter(digest__startswith=prefix, digest__gte=prefix, digest__lt=f"{prefix}g")
        .order_by("digest")
        .distinct()
        for digests in known
    )
    found = {digest for digests in fitting for (digest,) in digests[: images.MOST_MATCHES + 1]}
    return sorted(str(digest) for digest in found)


def _rows(digest: str, here: Sequence[Where], gone: Sequence[Stay]) -> Iterator[tuple[object, ...]]:
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
    )
