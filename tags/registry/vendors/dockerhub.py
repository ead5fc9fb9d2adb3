"""Docker Hub, whose API lists tags with their digests, the last touched first, and says how many there are."""

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Self

from ..client import Client
from ..credential import Credential
from ..errors import BadAnswer
from ..listing import Bulk, Catalog, Past, Question
from ..lookup import Send
from ..reference import is_tag_name
from ..settings import Settings
from ..status import failure
from ..times import when
from ..tokens import parse_token_answer
from ..transport import Request, Response
from .answers import api_get, catalog_by_namespace, json_object, objects, pages, put, same_origin_next
from .authorization import password_of

_PAGE = 100
"""The most entries that one page holds."""


class DockerHub(Client):
    NAME: ClassVar[str] = "Docker Hub"
    LAG: ClassVar[timedelta] = timedelta(minutes=1)
    ADDRESSES: ClassVar[str] = r"((index|registry-1)\.)?docker\.io"
    API: ClassVar[str] = "https://hub.docker.com"

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(settings, **options)
        self._api_token = ""
        self._logging_in = threading.Lock()

    def bulk(self, question: Question) -> Bulk | None:
        namespace, _, name = question.repository.partition("/")
        if not name or "/" in name:
            return None
        reading = _Reading(question.past)
        path = f"/v2/namespaces/{namespace}/repositories/{name}/tags?page_size={_PAGE}&ordering=last_updated"
        send = partial(self._send_to_api, question.send_as_is)
        for answer in pages(send, api_get(f"{self._api}{path}"), reading.next_page, question.check):
            reading.take(answer)
        return reading.result()

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        return catalog_by_namespace(self.NAME, patterns, self._names_in)

    def _names_in(self, namespace: str) -> Iterator[str]:
        def next_page(answer: Response) -> str | None:
            return same_origin_next(answer, json_object(answer).get("next"))

        first = api_get(f"{self._api}/v2/namespaces/{namespace}/repositories?page_size={_PAGE}")
        for answer in pages(partial(self._send_to_api, self._send_as_is), first, next_page):
            yield from (f"{namespace}/{entry.get('name')}" for entry in _results(answer, json_object(answer)))

    def _send_to_api(self, send: Send, request: Request) -> Response:
        """With a token of the API's own, for it takes neither passwords nor the registry's tokens."""
        credential = password_of(self._credentials())
        if credential is None:
            return send(request)
        token = self._token(send, credential, refused="")
        answer = send(request.with_header("Authorization", f"Bearer {token}"))
        if answer.status == 401:  # it lives for some minutes, and does not say how many
            token = self._token(send, credential, refused=token)
            answer = send(request.with_header("Authorization", f"Bearer {token}"))
        return answer

    def _shows_ours(self, request: Request) -> bool:
        return False  # but a token that may be refused at any time

    def _token(self, send: Send, credential: Credential, refused: str) -> str:
        with self._logging_in:
            if self._api_token == refused:
                self._api_token = self._log_in(send, credential)
            return self._api_token

    def _log_in(self, send: Send, credential: Credential) -> str:
        body = json.dumps({"identifier": credential.username, "secret": credential.secret}).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        self._refusals.check(credential.basic, self._api.netloc)
        answer = send(Request("POST", f"{self._api}/v2/auth/token", headers, body))
        if answer.status == 401:
            self._refusals.refused(credential.basic)
        if answer.status != 200:
            raise failure(answer)
        self._refusals.taken(credential.basic)
        parsed = parse_token_answer(answer.body, answer.received_at)
        if parsed is None:
            raise BadAnswer(f"{answer.request.host} was asked for a token and gave none ({answer.request})")
        return parsed.token


@dataclass(frozen=True, slots=True)
class _Cursor:
    newest: datetime
    """When the tag that was touched last was touched."""
    strangers: int
    """How many entries the API counts that are no tags by their names."""
    nameless: frozenset[str]
    """Tags that the API gives no digest for, and never will until they are pushed again."""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for what is no cursor of this kind; then everything is read."""
        try:
            moment, strangers, nameless = json.loads(text)
            newest = when(moment)
            return cls(newest, int(strangers), frozenset(filter(is_tag_name, nameless))) if newest else None
        except (ValueError, TypeError):
            return None

    def __str__(self) -> str:
        return json.dumps([self.newest.isoformat(), self.strangers, sorted(self.nameless)])


class _Reading:
    """Pages read from the newest on, until those below them must be as they were when the cursor was given.

    They must when the cursor was passed without a contradiction and the API counts no more and no fewer tags than are
    then known: a deletion lowers the count, a tag that came raises it, and one that moved stands above the cursor.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        self._cursor = _Cursor.parse(past.cursor)
        self._bulk: Bulk | None = None
        self._newest = self._cursor.newest if self._cursor else None
        self._lowest: datetime | None = None
        self._agrees = True
        self._next: object = None
        self._total: object = None

    def take(self, answer: Response) -> None:
        page = json_object(answer)
        self._next, self._total = page.get("next"), page.get("count")
        self._bulk = self._bulk or Bulk(answer.sent_at, answer.received_at)
        self._bulk.received_at = answer.received_at
        for entry in _results(answer, page):
            tag, digest = entry.get("name"), entry.get("digest")
            pushed_at = when(entry.get("tag_last_pushed"))  # pushing the same image again counts too
            put(self._bulk, tag, digest, answer, pushed_at, entry.get("media_type"), pushed_again=True)
            if isinstance(tag, str) and is_tag_name(tag):
                self._compare(tag, digest, when(entry.get("last_updated")))

    def next_page(self, answer: Response) -> str | None:
        return None if self._is_enough() else same_origin_next(answer, self._next)

    def result(self) -> Bulk | None:
        if (bulk := self._bulk) is None:
            return None
        nameless = set(bulk.nameless)
        if self._cursor and self._is_enough():
            strangers = self._cursor.strangers
            nameless |= self._cursor.nameless.difference(bulk.observations)
            bulk.vouched = frozenset(self._past.digests.keys() - bulk.tags)
            bulk.nameless = nameless - bulk.vouched
        else:
            strangers = self._count() - len(bulk.tags)
        if self._newest and self._count() >= 0:
            bulk.cursor = str(_Cursor(self._newest, strangers, frozenset(nameless)))
        return bulk

    def _compare(self, tag: str, digest: object, updated: datetime | None) -> None:
        if updated is None:
            return
        if self._lowest and updated > self._lowest:
            self._agrees = False  # the newest are not first: nothing is known of those that are still to come
        self._lowest = updated
        self._newest = max(updated, self._newest or updated)
        if self._cursor and updated <= self._cursor.newest:
            known = tag in self._cursor.nameless if digest is None else self._past.digests.get(tag) == digest
            self._agrees = self._agrees and known

    def _is_enough(self) -> bool:
        if not (self._cursor and self._bulk and self._lowest and self._agrees):
            return False
        known = self._bulk.tags.union(self._past.digests, self._cursor.nameless)
        return self._lowest <= self._cursor.newest and self._count() == len(known) + self._cursor.strangers

    def _count(self) -> int:
        """-1 when the API does not tell."""
        return self._total if isinstance(self._total, int) else -1


def _results(answer: Response, page: dict[str, Any]) -> list[dict[str, Any]]:
    return objects(answer, page.get("results"))
