"""Azure Container Registry: tags with their digests, newest first (learn.microsoft.com, Container Registry, Tag)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from ..client import Client
from ..glance import Glance
from ..listing import Bulk, Catalog, Past, Question
from ..pages import Pages
from ..reference import is_repository_name
from ..times import when
from ..transport import Response
from .answers import api_get, json_object, linked_next, objects, pages, put

_PAGE = 100


class Acr(Client):
    """Reads down to what the last listing has seen, and vouches for the rest: deletions show when all is read again."""

    NAME = "Azure Container Registry"
    ADDRESSES = r"(?:[a-z0-9-]+\.)+azurecr\.(?:io|cn|us|de)"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        """At a name of the owner's own too, the service that tokens are for is the registry's first name."""
        service = glance.challenge.params.get("service", "") if glance.challenge else ""
        return re.fullmatch(cls.ADDRESSES, service.lower()) is not None

    def bulk(self, question: Question) -> Bulk | None:
        first = api_get(f"{self._origin}/acr/v1/{question.repository}/_tags?n={_PAGE}&orderby=timedesc")
        reading = _Reading(question.past)
        for answer in pages(question.send, first, linked_next, question.check):
            if reading.has_met_the_past(answer):
                break
        return reading.bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        pages = Pages(self._catalog_request, f"{self._origin}/acr/v1/_catalog", "repositories", is_repository_name)
        walk = pages.walk(_PAGE)
        return Catalog(tuple(sorted(walk.names)), walk.complete, walk.error)

    def _scope(self, repository: str) -> str:
        """With `metadata_read`, without which no tags are listed, by `/v2` neither."""
        return f"repository:{repository}:metadata_read,pull"


class _Reading:
    """Goes from the newest change down, to where the last listing began or to the end."""

    def __init__(self, past: Past) -> None:
        self._past = past
        self._since = self._newest = when(past.cursor)
        self.bulk: Bulk | None = None

    def has_met_the_past(self, answer: Response) -> bool:
        """Takes a page; whether the rest is known to be as it was."""
        bulk = self.bulk = self.bulk or Bulk(answer.sent_at, answer.received_at)
        bulk.received_at = answer.received_at
        changes = [_take(bulk, answer, entry) for entry in objects(answer, json_object(answer).get("tags") or [])]
        times = [updated for _, updated in changes if updated]
        self._newest = max([*times, *filter(None, [self._newest])], default=None)
        bulk.cursor = self._newest.isoformat() if self._newest else ""
        is_in_order = 0 < len(times) == len(changes) and times == sorted(times, reverse=True)
        if self._since is None or (is_in_order and times[-1] > self._since):
            return False
        old = [tag for tag, updated in changes if updated and updated <= self._since]
        if is_in_order and all(map(self._is_as_it_was, old)):
            bulk.proves_absence = linked_next(answer) is None
            bulk.vouched = frozenset() if bulk.proves_absence else frozenset(self._past.digests) - bulk.tags
            return True
        self._since = None  # something changed and its time did not, or there is no order: all has to be read
        return False

    def _is_as_it_was(self, tag: str) -> bool:
        seen = self.bulk.observations.get(tag) if self.bulk else None
        return seen is not None and seen.digest == self._past.digests.get(tag)


def _take(bulk: Bulk, answer: Response, entry: Mapping[str, object]) -> tuple[str, datetime | None]:
    """Adds a tag; its name and when it was last changed.

    That may have been a lock, which counts as a change too: only a tag that is as it was made has the time at which it
    was put where it is.
    """
    updated = when(entry.get("lastUpdateTime"))
    is_as_made = updated == when(entry.get("createdTime"))
    put(bulk, entry.get("name"), entry.get("digest"), answer, updated if is_as_made else None)
    return str(entry.get("name")), updated
