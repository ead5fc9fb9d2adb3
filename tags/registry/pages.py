"""Walking through a list in pages, to its end or to the reason why there is none.

What real registries do wrong on the way (ignore `n`, cut without a Link, link in circles, link without an end) is told
at the line that meets it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from . import bounded
from .ceiling import Ceiling, too_many
from .errors import BadAnswer, OutOfOrder, RegistryError
from .link import next_page
from .printable import example_of
from .status import failure
from .transport import PAGE_CEILING, Request, Response

ACCEPTED_EVERYWHERE = 1000
"""The largest `n` that registries take as they come; ECR and distribution 3.1 refuse more."""

PAGE_SIZE = ACCEPTED_EVERYWHERE - 1
"""One less than everybody's cap: a round thousand of tags must not look like a page that was cut."""

_MOST_PAGES = 10_000
_MOST_NAMES = bounded.MOST_VALUES
_MOST_BESIDES = 100  # what a page may say besides its names: whose they are, how many, from where on
_MOST_SECONDS = 900.0


class Place(NamedTuple):
    """Where a walk goes on another time: the query of the page to ask for, and the last name before it."""

    query: str
    after: str


class Part(NamedTuple):
    """A part of a list that is long: from where on, and how many names, more or less, are enough of it."""

    begin: Place | None  # None: from its beginning
    enough: int


@dataclass(slots=True)
class Walk:
    """What a walk has brought so far; `complete` only when the chain of pages ended as it should."""

    names: set[str] = field(default_factory=set)
    last: str = ""
    """The name that came last."""
    is_sorted: bool = True
    """Whether each name came after all before it, by their bytes: then what is left out lies not further on."""
    goes_on_at: Place | None = None
    """Where there is more, when a part was enough."""
    refused_names: int = 0
    refused_example: str = ""
    is_strange: bool = False
    """Whether a page calls itself another repository's, or holds what is not even text: is it the list it should be?"""
    extras: dict[str, Any] = field(default_factory=dict)
    """The `manifest` map of Google's registries, which holds all digests and ends the walk."""
    linked: bool = False
    """Whether the registry knows how to say that there is more."""
    complete: bool = False
    error: RegistryError | None = None
    sent_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


_ALL = Part(None, _MOST_NAMES + 1)


class Pages:
    """One kind of list: `tags` of a `repository`, or the `repositories` of a catalog."""

    def __init__(
        self,
        send: Callable[[Request], Response],
        url: str,
        key: str,
        is_name: Callable[[str], bool],
        repository: str = "",
    ) -> None:
        self._send = send
        self._url = url
        self._key = key
        self._is_name = is_name
        self._repository = repository

    def walk(
        self, page_size: int = PAGE_SIZE, on_page: Callable[[], None] = lambda: None, part: Part | None = None
    ) -> Walk:
        """Never raises RegistryError: what stopped the walk stands in its `error`. `on_page` may raise Cancelled.

        With a `part` it stops at the end of a page when it has enough, unless the names come in no order: then nobody
        could tell what is missing from a part, and the list is walked to its end.
        """
        begin = part.begin.after if part and part.begin else ""
        walk = Walk(last=begin)
        try:
            self._follow(walk, page_size, on_page, part or _ALL)
        except OutOfOrder as error:
            return Walk(last=begin, error=error.to_keep())
        except RegistryError as error:
            walk.error = error.to_keep()
        else:
            walk.complete = True
        return walk

    def _follow(self, walk: Walk, page_size: int, on_page: Callable[[], None], part: Part) -> None:
        ceiling = Ceiling(_MOST_PAGES, _MOST_SECONDS, _MOST_NAMES)
        answer = self._further(part.begin, ceiling) if part.begin else self._first(page_size, ceiling)
        walk.sent_at = answer.sent_at
        seen = {answer.request.original.url}
        while True:
            walk.received_at = answer.received_at
            url = self._take(walk, answer, ceiling)
            if part.begin and not walk.is_sorted:
                raise OutOfOrder(f"the list is not in the order in which it began ({answer.request})")
            if url is None:
                return
            if url in seen:
                raise BadAnswer(f"the list goes round in circles ({answer.request})")
            if walk.is_sorted and len(walk.names) >= part.enough:
                walk.goes_on_at = Place(urlsplit(url).query, walk.last)
                return
            ceiling.page(_asking(url))
            seen.add(url)
            on_page()
            answer = self._page(url)

    def _first(self, page_size: int, ceiling: Ceiling) -> Response:
        url = f"{self._url}?n={page_size}"
        ceiling.page(_asking(url))
        answer = self._page(url, may_be_refused=True)
        if answer.status == 200:
            return answer
        # Somebody set distribution's `tags.maxtags` below what everybody takes: it knows best what it gives unasked.
        return self._page(f"{self._url}?n={ACCEPTED_EVERYWHERE}" if page_size > ACCEPTED_EVERYWHERE else self._url)

    def _further(self, begin: Place, ceiling: Ceiling) -> Response:
        url = f"{self._url}?{begin.query}"
        ceiling.page(_asking(url))
        return self._page(url)

    def _page(self, url: str, *, may_be_refused: bool = False) -> Response:
        answer = self._send(_asking(url))
        if answer.status != 200 and not (may_be_refused and _is_refusal_of_n(answer)):
            raise failure(answer)
        return answer

    def _take(self, walk: Walk, answer: Response, ceiling: Ceiling) -> str | None:
        """Adds a page's names to the walk; the URL of the page to ask for next, None at the end."""
        page = _parsed(answer, ceiling.names - len(walk.names))
        listed = page.get(self._key)
        if listed is None:
            listed = []  # an emptied repository: `"tags": null`, or nothing at all
        if not isinstance(listed, list):
            raise _unreadable(answer)
        names = [name for name in listed if isinstance(name, str) and self._is_name(name)]
        refused = [name for name in listed if not (isinstance(name, str) and self._is_name(name))]
        walk.refused_names += len(refused)
        if refused and not walk.refused_example:
            walk.refused_example = example_of(refused[0])
        is_text = all(isinstance(name, str) for name in refused)
        walk.is_strange = walk.is_strange or not is_text or self._is_another_s(page.get("name"))
        known = len(walk.names)
        walk.names.update(names)
        walk.is_sorted = walk.is_sorted and all(before < name for before, name in pairwise([walk.last, *names]))
        walk.last = names[-1] if names else walk.last
        brought_new = len(walk.names) > known
        ceiling.hold(len(walk.names), answer.request)
        if isinstance(manifests := page.get("manifest"), dict):
            walk.extras = manifests
            return None
        link = answer.headers.get("Link")
        url = next_page(answer.request.original.url, link, answer.url)
        walk.linked = walk.linked or link is not None
        if url is None:
            return self._after_a_full_page(answer, listed) if brought_new and not walk.linked else None
        if listed and not brought_new:
            # A cursor the registry does not understand: what it would have listed further on stays unseen.
            raise BadAnswer(f"the list goes round in circles ({answer.request})")
        return url

    def _is_another_s(self, name: object) -> bool:
        """Whether a list calls itself another repository's, but for what proxies put before the last part, or cut."""
        return isinstance(name, str) and name.rpartition("/")[2] != self._repository.rpartition("/")[2] != ""

    def _after_a_full_page(self, answer: Response, listed: list[Any]) -> str | None:
        """A page of exactly `n` names and no Link is the end by the specification, but not on groups of Nexus.

        They cut at `n` and say nothing, and the proxy before them may say nothing of Nexus either.
        """
        asked = parse_qs(urlsplit(answer.request.original.url).query).get("n", [""])[0]
        last = next((name for name in reversed(listed) if isinstance(name, str)), None)
        if asked != str(len(listed)) or last is None:
            return None
        return f"{self._url}?{urlencode({'n': asked, 'last': last}, quote_via=quote, safe='')}"


def _asking(url: str) -> Request:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    return Request("GET", url, headers, ceiling=PAGE_CEILING)


def _parsed(answer: Response, room: int) -> dict[str, Any]:
    """The object that a page is, with at most so many names."""
    try:
        page = bounded.loads(answer.body, room + _MOST_BESIDES)
    except bounded.TooMuch as error:
        raise too_many(_MOST_NAMES, answer.request) from error
    except ValueError as error:
        raise _unreadable(answer) from error
    if not isinstance(page, dict):
        raise _unreadable(answer)
    return page


def _unreadable(answer: Response) -> BadAnswer:
    kind = "a web page" if answer.body.lstrip()[:1] == b"<" else "something else, or half of it,"
    return BadAnswer(f"{answer.request.host} gave {kind} instead of a list ({answer.request})")


def _is_refusal_of_n(answer: Response) -> bool:
    words = (b"maxResults", b"PAGINATION_NUMBER_INVALID")
    return answer.status in {400, 405} and any(word in answer.body for word in words)
