"""What the tests of all adapters share: a poll after a poll, and the ways in which an API can be of no use."""

import pytest

from tags.registry import Client, Listing
from tags.registry.listing import Past
from tests.faults import cut, status, web_page

REFUSALS = [
    pytest.param(status(401), id="401"),
    pytest.param(status(403), id="403"),
    pytest.param(status(404), id="404"),
    pytest.param(status(500), id="500"),
    pytest.param(web_page(), id="web page"),
    pytest.param(cut(), id="cut short"),
    pytest.param(status(200, body=b"[]"), id="empty list"),
    pytest.param(status(200, body=b"{}"), id="empty object"),
    pytest.param(status(200, body=b"null"), id="null"),
    pytest.param(status(200, body=b'{"count":0,"results":[],"tags":[],"next":null}'), id="nothing in it"),
    pytest.param(status(200, body=b'{"results":[7],"tags":[7]}'), id="no entries"),
]


def remembered(listing: Listing) -> Past:
    """What is known after that listing, as the next poll is handed it."""
    digests = {seen.tag: seen.digest for seen in listing.observations if seen.digest is not None}
    return Past(listing.cursor, lambda: digests)


def again(client: Client, before: Listing, repository: str = "shop/app") -> Listing:
    return client.listing(repository, past=remembered(before))


def digests(listing: Listing) -> dict[str, str | None]:
    return {seen.tag: seen.digest for seen in listing.observations}
