"""Quay, whose API tells the history of every tag: which digest it had from when to when, the newest first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from ..ceiling import MOST_TAGS, Ceiling
from ..client import Client
from ..glance import Glance
from ..listing import Bulk, Catalog, Question, Spell
from ..reference import is_digest, is_tag_name
from ..times import epoch_seconds
from ..transport import Request, Response
from .answers import (
    MOST_PAGES,
    MOST_SECONDS,
    api_get,
    catalog_by_namespace,
    json_object,
    objects,
    pages,
    put,
    their_time,
)

_MOST_HISTORY = 50
"""Pages of a hundred rows; builds that push all day leave more than anybody wants to know of."""

_LONGEST_NAME = 200  # of those kept: whatever is longer is no tag

_SEAMLESS = timedelta(seconds=1)
"""Between the end of one spell and the start of the next: Quay tells both in whole seconds."""


class Quay(Client):
    """With `api_token`, an OAuth token: what docker logs in with is refused by the API, on public repositories too."""

    NAME: ClassVar[str] = "Quay"
    ADDRESSES: ClassVar[str] = r"quay\.io"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        asked = glance.challenge.params if glance.challenge else {}
        return (
            re.fullmatch(rf"https?://{re.escape(asked.get('service', ''))}/v2/auth", asked.get("realm", "")) is not None
        )

    def bulk(self, question: Question) -> Bulk | None:
        if "/" not in question.repository:
            return None
        reading = _Reading(question)
        for answer in pages(question.send_as_is, self._rows(question, "false"), reading.next_page, question.check):
            reading.take(answer)
        if reading.is_cut:
            for answer in pages(question.send_as_is, self._rows(question, "true"), _next_page, question.check):
                reading.take(answer, tells_history=False)
        return reading.result()

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        return catalog_by_namespace(self.NAME, patterns, self._names_in)

    def _rows(self, question: Question, only_active: str) -> Request:
        path = f"/api/v1/repository/{question.repository}/tag/?limit=100&page=1&onlyActiveTags={only_active}"
        return api_get(f"{self._api}{path}", self._authorization)

    def _names_in(self, namespace: str) -> Iterator[str]:
        url = f"{self._api}/api/v1/repository?{urlencode({'namespace': namespace, 'public': 'true'})}"

        def next_page(answer: Response) -> str | None:
            token = json_object(answer).get("next_page")
            return f"{url}&{urlencode({'next_page': token})}" if isinstance(token, str) and token else None

        for answer in pages(self._send_as_is, api_get(url, self._authorization), next_page):
            for entry in objects(answer, json_object(answer).get("repositories")):
                if entry.get("kind", "image") == "image":
                    yield f"{entry.get('namespace')}/{entry.get('name')}"

    @property
    def _authorization(self) -> str:
        return f"Bearer {self.settings.api_token}" if self.settings.api_token else ""


class _Reading:
    """Rows read from the newest on, down to the start that the cursor names (in seconds since 1970) or to the end.

    A deletion ends a row where it stands: further down it is seen only when everything is read.
    """

    def __init__(self, question: Question) -> None:
        self._past = question.past
        self._ceiling = Ceiling(MOST_PAGES, MOST_SECONDS, MOST_TAGS)
        self._since = epoch_seconds(question.past.cursor)
        self._bulk: Bulk | None = None
        self._met: set[str] = set()
        self._spells: list[Spell] = []
        self._newest = self._since
        self._pages = 0
        self._more = False
        self._reached = False

    @property
    def is_cut(self) -> bool:
        """Whether the history goes on below what was read, which is not known either."""
        return self._more and not self._reached

    def take(self, answer: Response, *, tells_history: bool = True) -> None:
        page = json_object(answer)
        now = their_time(answer) or answer.received_at
        for row in objects(answer, page.get("tags")):
            start, end = epoch_seconds(row.get("start_ts")), epoch_seconds(row.get("end_ts"))
            if end and end > now:
                end = None  # it will expire, and is there until then
            self._put(row, answer, is_active=end is None)
            if start:
                self._newest = max(start, self._newest or start)
                self._reached = self._reached or bool(self._since and start < self._since)
                self._spells += _spells(row, start, end) if tells_history else []
        self._ceiling.hold(max(len(self._spells), len(self._met)), answer.request)
        self._pages += 1
        self._more = page.get("has_additional") is True

    def next_page(self, answer: Response) -> str | None:
        return None if self._reached or self._pages == _MOST_HISTORY else _next_page(answer)

    def result(self) -> Bulk | None:
        if (bulk := self._bulk) is None:
            return None
        bulk.history = _joined(self._spells)
        since = {(spell.tag, spell.digest): spell.since for spell in bulk.history if spell.until is None}
        for tag, seen in bulk.observations.items():
            bulk.observations[tag] = replace(seen, pushed_at=since.get((tag, str(seen.digest))))
        if self._reached:
            known = self._past.digests.keys()
            bulk.vouched = frozenset(known - self._met)
            # What ended among the newest is all that is missing: the registry's own list has to confirm it.
            bulk.proves_absence = not known <= bulk.tags
        bulk.cursor = str(int(self._newest.timestamp())) if self._newest else ""
        return bulk

    def _put(self, row: dict[str, Any], answer: Response, *, is_active: bool) -> None:
        """Takes what the newest row of a tag says of it, and nothing of the older ones."""
        bulk = self._bulk = self._bulk or Bulk(answer.sent_at, answer.received_at)
        bulk.received_at = answer.received_at
        tag = row.get("name")
        name = str(tag)[:_LONGEST_NAME]
        if is_active and name not in self._met:
            put(bulk, tag, row.get("manifest_digest"), answer)
        self._met.add(name)


def _next_page(answer: Response) -> str | None:
    if json_object(answer).get("has_additional") is not True:
        return None
    return re.sub(r"(?<=[?&]page=)[0-9]+", lambda page: str(int(page[0]) + 1), answer.request.original.url)


def _spells(row: dict[str, Any], start: datetime, end: datetime | None) -> list[Spell]:
    tag, digest = row.get("name"), row.get("manifest_digest")
    if not (isinstance(tag, str) and is_tag_name(tag) and isinstance(digest, str) and is_digest(digest)):
        return []
    # What is deleted for good, without the time machine, is given an end long past.
    return [Spell(tag, digest, start, end and max(start, end))]


def _joined(spells: Sequence[Spell]) -> list[Spell]:
    """The oldest first, of spells that came the newest first.

    Pushing the same image again begins a new row, but no new spell; rows that come while pages are read push others
    onto the next page, where they are told again.
    """
    latest: dict[str, Spell] = {}
    ended: list[Spell] = []
    oldest_first = list(reversed(spells))
    oldest_first.sort(key=lambda spell: spell.since)  # those of one second stay in their order
    for spell in oldest_first:
        before = latest.get(spell.tag)
        if before and before.digest == spell.digest and (not before.until or spell.since - before.until <= _SEAMLESS):
            spell = replace(spell, since=before.since)
        elif before:
            ended.append(before)
        latest[spell.tag] = spell
    return sorted([*ended, *latest.values()], key=lambda spell: spell.since)
