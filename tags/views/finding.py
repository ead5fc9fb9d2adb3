"""From an image reference to a repository, or to a page that says why there is none."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from django.db.models import Q
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from tags.models import Repository
from tags.pages.filtering import MOST_COMPARED, did_you_mean
from tags.views.asking import as_of
from tags.views.exports import is_export, no_file

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from tags.models import Tag
    from tags.registry import Reference

MOST_SUGGESTIONS = 5


def find(reference: Reference) -> Repository | None:
    """The repository with its registry and its sweep."""
    found = Repository.objects.select_related("registry", "sweep").filter(
        registry__address__iexact=reference.host, name=reference.path
    )
    return found.first()


def find_tag(reference: Reference) -> Tag | None:
    """The tag, whose repository comes as `find` gives it."""
    repository = find(reference)
    return repository.tags.filter(name=reference.tag).first() if repository else None


def elsewhere(request: HttpRequest, address: str) -> HttpResponse | None:
    """A redirect to the full address, when this is a familiar or older form of it; the query goes along."""
    return None if request.path == address else sent_on(request, address)


def sent_on(request: HttpRequest, address: str) -> HttpResponse:
    """A redirect to this address; the query goes along."""
    query = request.META.get("QUERY_STRING", "")
    return redirect(f"{address}?{query}" if query else address)


def not_watched(request: HttpRequest, reference: Reference) -> HttpResponse:
    """A 404 that says what to do, with the names that were perhaps meant."""
    if is_export(request):
        return no_file(is_not_watched(reference))
    return render(
        request,
        "tags/not_watched.html",
        {"reference": reference.name, "suggestions": suggestions(reference), **as_of(request).context},
        status=404,
    )


def no_such_tag(request: HttpRequest, reference: Reference) -> HttpResponse:
    """A 404 that says what there is not: this tag in its repository, or not even that."""
    repository = find(reference)
    if repository is None:
        return not_watched(request, reference)
    if is_export(request):
        return no_file(was_never_seen(repository, reference))
    meant = tag_meant(repository, reference)
    context = {"repository": repository, "tag": reference.tag, "meant": meant, **as_of(request).context}
    return render(request, "tags/no_such_tag.html", context, status=404)


def is_not_watched(reference: Reference) -> str:
    """Says "docker.io/library/python is not watched yet."."""
    return _("%s is not watched yet.") % reference.name


def was_never_seen(repository: Repository, reference: Reference) -> str:
    """Says "Nobody has ever seen a tag 3.15 in python."."""
    facts = {"repository": repository.short_name, "tag": reference.tag}
    return _("Nobody has ever seen a tag %(tag)s in %(repository)s.") % facts


def tag_meant(repository: Repository, reference: Reference) -> str:
    """The tag of the repository that is spelled most like the one asked for; empty when none is."""
    names = repository.tags.shown().order_by("role").values_list("name", flat=True)[:MOST_COMPARED]
    return did_you_mean(str(reference.tag), names)


def suggestions(reference: Reference) -> list[Repository]:
    """Repositories of the same last name anywhere, then those that are spelled alike."""
    last = reference.path.rsplit("/", 1)[-1]
    watched = Repository.objects.select_related("registry")
    same_name = watched.filter(Q(name=last) | Q(name__endswith=f"/{last}"))[:MOST_SUGGESTIONS]
    known = {repository.reference: repository for repository in (*same_name, *watched[:MOST_COMPARED])}
    same = [name for name in known if name.rsplit("/", 1)[-1] == last]
    alike = get_close_matches(reference.name, known, n=MOST_SUGGESTIONS)
    ends = {name.rsplit("/", 1)[-1]: name for name in known}
    alike += [ends[end] for end in get_close_matches(last, ends, n=MOST_SUGGESTIONS)]
    return [known[name] for name in dict.fromkeys([*same, *alike])][:MOST_SUGGESTIONS]
