"""Atom feeds of movements: of everything, of a repository, of a tag; filtered as the page of movements is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from django.contrib.syndication.views import Feed
from django.http import Http404
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.views.decorators.http import conditional_page, require_safe

from tags.access import readable_by_token
from tags.models import Movement
from tags.pages import clock
from tags.pages.journal import permalink
from tags.pages.xmltext import xml_text
from tags.views.asking import as_of, explain_bad_addresses
from tags.views.finding import elsewhere, find, not_watched
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
    """What a feed is of. `page` is where people read the same; `query` what both were asked with."""

    moves: MovementQuerySet
    name: str
    address: str
    page: str
    query: str
    filters: str  # in words; empty: none

    @property
    def id(self) -> str:
        return f"{MINTED_BY}{self.address}{self._query}"

    @property
    def _query(self) -> str:
        return f"?{self.query}" if self.query else ""

    @property
    def feed_url(self) -> str:
        return f"{self.address}{self._query}"

    @property
    def page_url(self) -> str:
        return f"{self.page}{self._query}"


class AtomFeed(Atom1Feed):
    """With what a movement says in `content`, and with text that XML can hold."""

    def latest_post_date(self) -> dt.datetime:
        """Unlike Django's, the same at each request where there is nothing to tell yet."""
        return super().latest_post_date() if self.items else NEVER

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
        return _("Where deployment tags point to, and when they were seen to move. Times in %s.") % clock.zone()

    def link(self, subject: Subject) -> str:
        return subject.page_url

    def feed_url(self, subject: Subject) -> str:
        return subject.feed_url

    def feed_guid(self, subject: Subject) -> str:
        return subject.id

    def items(self, subject: Subject) -> Sequence[Movement]:
        return list(subject.moves.newest_first().for_sentences()[:ENTRIES])

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


@readable_by_token
@require_safe
@conditional_page
@explain_bad_addresses
def feed(request: HttpRequest) -> HttpResponse:
    return _answer(request, Movement.objects.all(), "", "/movements/")


@readable_by_token
@require_safe
@conditional_page
@explain_bad_addresses
def feed_of_repository(request: HttpRequest, reference: Reference) -> HttpResponse:
    found = find(reference)
    if found is None:
        return not_watched(request, reference)
    return _answer(request, found.movements.all(), found.reference, found.movements_url, found)


@readable_by_token
@require_safe
@conditional_page
@explain_bad_addresses
def feed_of_tag(request: HttpRequest, reference: Reference) -> HttpResponse:
    repository = find(reference)
    if repository is None:
        return not_watched(request, reference)
    found = repository.tags.filter(name=reference.tag).first()
    if found is None:
        raise Http404
    return _answer(request, found.movements.all(), str(found), found.get_absolute_url(), found)


def _answer(
    request: HttpRequest, moves: MovementQuerySet, name: str, page: str, subject: Repository | Tag | None = None
) -> HttpResponse:
    address = f"/atom{subject.get_absolute_url()}" if subject else "/atom/"
    if away := elsewhere(request, address):
        return away
    ask = asked(request, as_of(request), None)
    filters = [*ask.tags, *(str(Movement.KINDS[kind]) for kind in ask.kinds), *([ask.text] if ask.text else [])]
    query = urlencode(sorted((key, value) for key, values in request.GET.lists() for value in values), quote_via=quote)
    return MovementFeed()(request, Subject(ask.of(moves), name, address, page, query, ", ".join(filters)))
