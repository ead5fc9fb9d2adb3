"""Everything about one tag: now or then, since when, all its movements, checked when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Q
from django.shortcuts import render

from tags.models import Image
from tags.pages.compare import told
from tags.pages.freshness import freshness, swept_at
from tags.pages.knowledge import unknown_because
from tags.pages.shortcuts import last_friday
from tags.pages.sourcecode import commit_link, revision_of
from tags.pages.standing import Standing, former_names, image_names, standings
from tags.versions import Role, also_known_as
from tags.views.asking import as_of, explain_bad_addresses
from tags.views.exports import export, export_format
from tags.views.finding import elsewhere, find, not_watched
from tags.views.timeline import COLUMNS, beginning, feed, listed, picture, rows
from tags.views.window import asked

if TYPE_CHECKING:
    import datetime as dt

    from django.http import HttpRequest, HttpResponseBase

    from tags.models import Movement, Repository, Tag
    from tags.models.movement import MovementQuerySet
    from tags.registry import Reference
    from tags.views.asking import AsOf

FORMER = 12  # versions that a tag was on before
READ_FOR_FORMER = 500  # movements


@explain_bad_addresses
def tag(request: HttpRequest, reference: Reference) -> HttpResponseBase:
    repository = find(reference)
    if repository is None:
        return not_watched(request, reference)
    found = repository.tags.filter(name=reference.tag).first()
    if found is None:
        context = {"reference": str(reference), "repository": repository, "tag": reference.tag}
        return render(request, "tags/no_such_tag.html", context, status=404)
    if away := elsewhere(request, found.get_absolute_url()):
        return away
    moment = as_of(request)
    moves = found.movements.all()
    ask = asked(request, moment, beginning(found.first_seen_at, moves))
    if wanted := export_format(request):
        return export(wanted, found.name, COLUMNS, rows(ask.of(moves)))
    standing = _standing(repository, found, moment)
    return render(
        request,
        "tags/tag.html",
        {
            "page": "board",
            "repository": repository,
            "tag": found,
            "freshness": freshness(repository, moment.now, found),
            "is_swept": swept_at(repository.looks, found) is not None,
            "feed": feed(found.get_absolute_url(), ask),
            "page_url": request.build_absolute_uri(found.get_absolute_url()),
            "badge": request.build_absolute_uri(f"/badge{found.get_absolute_url()}"),
            **moment.context,
            **standing,
            **_comparisons(found, moves, moment),
            "was_on": [name for name in _was_on(moves, moment.moment) if name != standing["version"]],
            **picture(ask, [found]),
            **listed(request, ask, ask.of(moves), repository),
        },
    )


def _standing(repository: Repository, tag: Tag, ask: AsOf) -> dict[str, Any]:
    """What the tag points to at the page's moment, what that is called, and who else points there."""
    unknown = unknown_because([repository], ask.moment, ask.now).get(repository.pk, "") if ask.moment else ""
    here = [] if unknown else standings(repository.tags.filter(pk=tag.pk), ask.moment)
    digest = here[0].digest if here else None
    same = _pointing_to(repository, digest, ask.moment) if digest else []
    versions = [standing.name for standing in same if standing.role == Role.VERSION]
    names = image_names(same)
    image = Image.objects.filter(pk=digest).first() if digest else None
    labels = image.labels if image and isinstance(image.labels, dict) else {}
    return {
        "unknown": unknown,
        "here": here[0] if here else None,
        "digest": digest,
        "version": names.get((repository.pk, str(digest))),
        "was": former_names(same, names, ask.moment).get((repository.pk, str(digest)), ""),
        "also_known_as": [name for name in also_known_as(versions) if name != tag.name],
        "pointers": sorted(other.name for other in same if other.role == Role.POINTER and other.name != tag.name),
        "image": image,
        "image_url": f"/{digest}/",
        "revision": revision_of(labels),
        "commit": commit_link(labels),
    }


def _pointing_to(repository: Repository, digest: str, moment: dt.datetime | None) -> list[Standing]:
    """The tags that point to this digest, or did at that moment."""
    if moment is None:
        return standings(repository.tags.filter(digest=digest), None)
    left = repository.movements.filter(from_digest=digest).values("tag")
    there = repository.tags.filter(Q(digest=digest) | Q(pk__in=left))
    return [standing for standing in standings(there, moment) if standing.digest == digest]


def _comparisons(tag: Tag, moves: MovementQuerySet, ask: AsOf) -> dict[str, Any]:
    """The last move that a comparison is worth, and the page's moment compared with last Friday."""
    if ask.moment:
        moves = moves.filter(before__lte=ask.moment)
    both_ends = moves.filter(from_digest__isnull=False, to_digest__isnull=False)
    last: Movement | None = both_ends.newest_first().for_sentences().first()
    friday = last_friday(ask.point)
    reference = str(tag)
    since_friday = ""
    if tag.first_seen_at <= friday.moment:
        since_friday = f"/compare/?{urlencode({'a': f'{reference}@{friday.stamp}', 'b': told(reference, ask.moment)})}"
    return {"last_move": last, "since_friday": since_friday}


def _was_on(moves: MovementQuerySet, moment: dt.datetime | None) -> list[str]:
    """The versions it was on before, the last one first."""
    if moment:
        moves = moves.filter(before__lte=moment)
    names = moves.newest_first().values_list("from_version", flat=True)[:READ_FOR_FORMER]
    return list(dict.fromkeys(name for name in names if name))[:FORMER]
