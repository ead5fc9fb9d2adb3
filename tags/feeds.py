"""Atom feeds of movements: of everything, of a repository, of a tag; filtered as the page of movements is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.contrib.syndication.views import Feed
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from tags.access import for_programs
from tags.models import Movement
from tags.pages import clock
from tags.pages.journal import permalink
from tags.pages.xmltext import xml_text
from tags.views.asking import as_of, cursor, cursor_of, explain_bad_addresses
from tags.views.finding import elsewhere, find, find_tag, no_such_tag, not_watched
from tags.views.window import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse
    from django.utils.safestring import SafeString
    from django.utils.xmlutils import SimplerXMLGenerator

    from tags.models import Repository, Tag
    from tags.models.movement import MovementQuerySet
    from tags.registry import Reference

ENTRIES = 50
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
# The ids are tag: URIs (RFC 4151). The host is no part of them: Atom wants an id to stay when a feed moves elsewhere.
MINTED_BY = "tag:regviewer,2026:"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a feed is of, and the part of it that is told at once. All parts have the same `id`."""

    id: str
    name: str  # empty: of everything
    filters: str  # in words; empty: none
    moves: Sequence[Movement]
    url: str
    older_url: str  # of the part that follows; empty: there is none
    page_url: str  # where people read the same


class AtomFeed(Atom1Feed):
    """With what a movement says in `content`, and with a link to the part that follows (RFC 5005)."""

    def latest_post_date(self) -> dt.datetime:
        """Unlike Django's, the same at each request where there is nothing to tell yet."""
        return super().latest_post_date() if self.items else NEVER

    def add_root_elements(self, handler: SimplerXMLGenerator) -> None:
        super().add_root_elements(handler)
        if self.feed["next"]:
            handler.addQuickElement("link", "", {"rel": "next", "href": self.feed["next"]})

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content", item["content"], {"type": "html"})


class MovementFeed(Feed):
    """Newest first. An entry's `published` is when the movement had happened, `updated` when it was found."""

    feed_type = AtomFeed
    author_name = "RegistryViewer"

    def get_object(self, request: HttpRequest, subject: Subject) -> Subject:
        return subject

    def title(self, subject: Subject) -> str:
        words = _("Movements of %s") % subject.name if subject.name else _("All movements")
        return xml_text(f"{words} ({subject.filters})" if subject.filters else words)

    def subtitle(self, subject: Subject) -> str:
        zone = clock.zone(timezone.now())
        return _("Where deployment tags point to, and when they were seen to move. Times in %s.") % zone

    def link(self, subject: Subject) -> str:
        return subject.page_url

    def feed_url(self, subject: Subject) -> str:
        return subject.url

    def feed_extra_kwargs(self, subject: Subject) -> dict[str, str]:
        return {"next": subject.older_url and f"{self.base}{subject.older_url}"}

    def feed_guid(self, subject: Subject) -> str:
        return subject.id

    def items(self, subject: Subject) -> Sequence[Movement]:
        return subject.moves

    def item_title(self, move: Movement) -> str:
        return xml_text(f"{move.tag.repository.short_name}: {move.sentence}")

    def item_description(self, move: Movement) -> None:  # type: ignore[override]
        """What there is to say stands in the content."""

    def item_link(self, move: Movement) -> str:
        return permalink(move)

    def item_guid(self, move: Movement) -> str:
        # The time tells movements of the same number apart that other installations, or a new database, made.
        return f"{MINTED_BY}{move.tag}/movement/{move.pk}/{move.found_at.astimezone(dt.UTC):%Y%m%dT%H%M%S.%fZ}"

    def item_pubdate(self, move: Movement) -> dt.datetime:
        return min(move.before, move.found_at)

    def item_updateddate(self, move: Movement) -> dt.datetime:
        return move.found_at

    def item_categories(self, move: Movement) -> list[str]:
        return [move.kind]

    def item_extra_kwargs(self, move: Movement) -> dict[str, str]:
        return {"content": xml_text(_content(move))}

    def get_feed(self, obj: Subject, request: HttpRequest) -> Any:
        self.base = f"{request.scheme}://{request.get_host()}"
        feed = super().get_feed(obj, request)
        for item in feed.items:
            item["content"] = item["content"].replace('href="/', f'href="{self.base}/')
        return feed


def _content(move: Movement) -> SafeString:
    """The movement with its time, and where to read on; what comes from a registry is escaped."""
    tag, repository = move.tag, move.tag.repository
    day = clock.full(move.before)
    told = clock.between(move.after, move.before, move.before + dt.timedelta(days=2))
    lines = [
        format_html("<p><strong>{}</strong> ({})</p>", move.sentence, repository.reference),
        format_html("<p>{} ({}, {})</p>", _("Seen %s") % told, day, clock.zone_name()),
    ]
    if move.across_gap:
        lines.append(format_html("<p>{}</p>", _("Nobody could look for part of that time.")))
    links = [(tag.get_absolute_url(), str(tag)), (repository.get_absolute_url(), _("What is where"))]
    links += [(f"/{digest}/", digest) for digest in (move.from_digest, move.to_digest) if digest]
    lines.append(format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a></li>', links)))
    return format_html_join("", "{}", ((line,) for line in lines))


@for_programs
@require_safe
@conditional_page
@explain_bad_addresses
def feed(request: HttpRequest) -> HttpResponse:
    return _answer(request, Movement.objects.all(), "", "/movements/")


@for_programs
@require_safe
@conditional_page
@explain_bad_addresses
def feed_of_repository(request: HttpRequest, reference: Reference) -> HttpResponse:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    return _answer(request, found.movements.all(), found.reference, found.movements_url, found)


@for_programs
@require_safe
@conditional_page
@explain_bad_addresses
def feed_of_tag(request: HttpRequest, reference: Reference) -> HttpResponse:
    found = find_tag(reference)
    if found is None:
        return no_such_tag(request, reference)
    return _answer(request, found.movements.all(), str(found), found.get_absolute_url(), found)


def _answer(
    request: HttpRequest, moves: MovementQuerySet, name: str, page: str, of: Repository | Tag | None = None
) -> HttpResponse:
    address = f"/atom{of.get_absolute_url()}" if of else "/atom/"
    if away := elsewhere(request, address):
        return away
    ask = asked(request, as_of(request), None)
    filters = [*ask.tags, *(str(Movement.KINDS[kind]) for kind in ask.kinds), *([ask.text] if ask.text else [])]
    since = cursor_of(request)
    following = ask.of(moves).older_than(*since) if since else ask.of(moves)
    found = list(following.newest_first().for_sentences()[: ENTRIES + 1])
    query = sorted((key, value) for key, values in request.GET.lists() if key != "cursor" for value in values)
    older_url = ""
    if len(found) > ENTRIES:
        last = found[ENTRIES - 1]
        older_url = _url(address, [*query, ("cursor", cursor(last.before, last.pk))])
    subject = Subject(
        id=f"{MINTED_BY}{_url(address, query)}",
        name=name,
        filters=", ".join(filters),
        moves=found[:ENTRIES],
        url=request.get_full_path(),
        older_url=older_url,
        page_url=_url(page, query),
    )
    return MovementFeed()(request, subject)


def _url(address: str, query: Sequence[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(query, quote_via=quote)}" if query else address
