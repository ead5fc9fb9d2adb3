"""What the vendors' APIs answer, read with care: JSON, times, next pages, and what an entry says of a tag."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

from .. import bounded
from ..ceiling import MOST_TAGS, Ceiling, too_many
from ..deadline import deadline
from ..errors import BadAnswer, Misconfigured, RegistryError, TooLarge
from ..link import next_page
from ..listing import Bulk, Catalog
from ..lookup import Observation, Send
from ..manifest import media_type_of
from ..printable import example_of
from ..reference import is_digest, is_repository_name, is_tag_name
from ..status import failure
from ..transport import PAGE_CEILING, Request, Response

_CLOCKS_DIFFER = timedelta(seconds=2)
"""By no more than this are they one for us; a Date is cut to the second."""

MOST_PAGES = 1000
MOST_SECONDS = 600.0
"""For a bulk answer, and for all the lists that a catalog is put together from."""


def json_object(answer: Response) -> dict[str, Any]:
    """The object in a body; raises what the status means if it is not 200, and BadAnswer if there is no object."""
    value = _json(answer)
    if not isinstance(value, dict):
        raise unreadable(answer)
    return value


def json_list(answer: Response) -> list[Any]:
    """The list that a body is; raises as `json_object` does."""
    value = _json(answer)
    if not isinstance(value, list):
        raise unreadable(answer)
    return value


def objects(answer: Response, value: object) -> list[dict[str, Any]]:
    """A list of entries, each an object; raises BadAnswer for anything else, and for null."""
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise unreadable(answer)
    return value


def unreadable(answer: Response) -> BadAnswer:
    kind = "a web page" if answer.body.lstrip()[:1] == b"<" else "something else, or half of it,"
    return BadAnswer(f"{answer.request.host} gave {kind} instead of what its API promises ({answer.request})")


def same_origin_next(answer: Response, url: object) -> str | None:
    """The page that a `next` field names, None at the end; held to what holds for a Link, else BadAnswer.

    Only its query is taken: path and origin stay those that were asked.
    """
    if not url:
        return None
    if not isinstance(url, str) or re.search(r"[<>\s]", url):
        raise unreadable(answer)
    return next_page(answer.request.original.url, f"<{url}>", answer.url)


def linked_next(answer: Response) -> str | None:
    """The page that a Link header names, None at the end; raises BadAnswer if it must not be followed."""
    return next_page(answer.request.original.url, answer.headers.get("Link"), answer.url)


def api_get(url: str, authorization: str = "") -> Request:
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip"}
    return Request(
        "GET", url, headers | ({"Authorization": authorization} if authorization else {}), ceiling=PAGE_CEILING
    )


def pages(
    send: Send, first: Request, next_of: Callable[[Response], str | None], check: Callable[[], None] = lambda: None
) -> Iterator[Response]:
    """The answer to `first`, and to the same request at each URL that `next_of` gives for the answer before.

    `next_of` is asked only when a further page is wanted, after this one was read; `check` before each request.
    Raises BadAnswer when the pages go round in circles and TooLarge when they do not end; what the answers say, their
    status too, is the reader's to judge.
    """
    ceiling = Ceiling(MOST_PAGES, MOST_SECONDS)
    request: Request | None = first
    seen: set[str] = set()
    while request is not None:
        if request.url in seen:
            raise BadAnswer(f"the list goes round in circles ({request})")
        ceiling.page(request)
        seen.add(request.url)
        check()
        answer = send(request)
        yield answer
        url = next_of(answer)
        request = replace(first, url=url) if url else None


def put(
    bulk: Bulk,
    tag: object,
    digest: object,
    answer: Response,
    pushed_at: datetime | None = None,
    media_type: object = None,
    *,
    pushed_again: bool = False,
) -> None:
    """Adds what an entry says of a tag. Without a digest that is one, or with two, it is looked up by itself.

    Raises TooLarge when there are more tags than can be held with their digests.
    """
    if len(bulk.observations) + len(bulk.nameless) >= MOST_TAGS:
        raise too_many(MOST_TAGS, answer.request)
    if not isinstance(tag, str) or not is_tag_name(tag):
        bulk.refused_names += 1
        bulk.refused_example = bulk.refused_example or example_of(tag)
        return
    known = bulk.observations.get(tag)
    if (
        tag in bulk.nameless
        or not isinstance(digest, str)
        or not is_digest(digest)
        or (known and known.digest != digest)
    ):
        bulk.observations.pop(tag, None)
        bulk.nameless.add(tag)
        return
    kind = media_type_of(media_type) or None
    pushed_at = pushed_at if pushed_at and _keeps_our_time(answer) else None
    bulk.observations[tag] = Observation(
        tag, digest, answer.sent_at, answer.received_at, pushed_at, pushed_again=pushed_again, media_type=kind
    )


def _keeps_our_time(answer: Response) -> bool:
    """Whether its clock, as far as its Date tells, is ours: else the times it tells are none that we could compare."""
    theirs = their_time(answer)
    return theirs is None or answer.sent_at - _CLOCKS_DIFFER <= theirs <= answer.received_at + _CLOCKS_DIFFER


def their_time(answer: Response) -> datetime | None:
    """By the clock of whoever answered, cut to the second; None when it does not tell."""
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def catalog_of(names: Iterable[object]) -> Catalog:
    """All of the names that are some, or those that came until an error, which is told in the answer."""
    found: set[str] = set()
    ceiling = Ceiling(MOST_PAGES, MOST_SECONDS)
    try:
        with deadline(MOST_SECONDS):
            for name in names:
                if isinstance(name, str) and is_repository_name(name):
                    found.add(name)
                if len(found) > ceiling.names or ceiling.is_too_late:
                    raise TooLarge(f"there is no end of repositories: {len(found)} of them came")
    except RegistryError as error:
        return Catalog(tuple(sorted(found)), False, error.to_keep())
    return Catalog(tuple(sorted(found)), True, None)


def namespaces(patterns: Sequence[str]) -> tuple[str, ...]:
    """The first segments of patterns such as `shop/*`, as far as each stands for one namespace only."""
    first = {pattern.partition("/")[0] for pattern in patterns if "/" in pattern}
    return tuple(sorted(filter(is_repository_name, first)))


def catalog_by_namespace(vendor: str, patterns: Sequence[str], names_in: Callable[[str], Iterable[object]]) -> Catalog:
    """All repositories of the namespaces that the patterns name, where no list goes beyond one namespace."""
    wanted = namespaces(patterns)
    if not wanted:
        words = f"{vendor} lists repositories by namespace: write a pattern such as myteam/*"
        return Catalog((), False, Misconfigured(words))
    return catalog_of(chain.from_iterable(map(names_in, wanted)))


def _json(answer: Response) -> object:
    if answer.status != 200:
        raise failure(answer)
    try:
        return bounded.loads(answer.body)
    except bounded.TooMuch as error:
        raise TooLarge(f"the page holds more than can be read ({answer.request})") from error
    except ValueError as error:
        raise unreadable(answer) from error
