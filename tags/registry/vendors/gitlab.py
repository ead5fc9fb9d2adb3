"""GitLab: GraphQL tells the tags with their digests, the last published first.

`publishedAt` is the moment a tag was put on its digest: the registry's database writes it when that changes, and only
then. So what was published since the last listing stands at the top, and one page is enough to know all of it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Self

from ..ceiling import Ceiling
from ..client import Client
from ..errors import BadAnswer, Misconfigured, RepositoryMissing
from ..glance import Glance
from ..listing import Bulk, Catalog, Question
from ..lookup import Send
from ..times import when
from ..transport import PAGE_CEILING, Request, Response
from .answers import MOST_PAGES, MOST_SECONDS, catalog_of, json_object, objects, put, unreadable
from .authorization import bearer
from .patterns import roots

_TAGS = """query($id: ContainerRepositoryID!, $after: String) { containerRepository(id: $id) { path tagsCount
tags(first: 100, sort: PUBLISHED_AT_DESC, after: $after) {
nodes { name digest publishedAt } pageInfo { endCursor hasNextPage } } } }"""

_REPOSITORIES = """query($path: ID!, $name: String, $after: String) {
project(fullPath: $path) { containerRepositories(name: $name, first: 100, after: $after) {
nodes { id path } pageInfo { endCursor hasNextPage } } }
group(fullPath: $path) { containerRepositories(name: $name, first: 100, after: $after) {
nodes { id path } pageInfo { endCursor hasNextPage } } } }"""

_LEVELS = 3
"""An image's name is that of its project, or has up to two segments more."""

_OVERLAP = timedelta(minutes=1)
"""Times are those of the beginning of a transaction, cut to the second: one may come after a later one was read."""


_ConnectionOf = Callable[[dict[str, Any]], tuple[Any, Any]]
"""What is asked about, and the list that is wanted of it; None: there is none."""


@dataclass(frozen=True, slots=True)
class _Cursor:
    id: str = ""
    newest: datetime | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            id_, newest = json.loads(text)
        except (ValueError, TypeError):
            return cls()
        return cls(id_, when(newest)) if isinstance(id_, str) else cls()

    def __str__(self) -> str:
        return json.dumps([self.id, self.newest and self.newest.isoformat()])


class GitLab(Client):
    """The password is a token that may `read_api`; deploy tokens may not, and leave the plain way."""

    NAME = "GitLab"
    ADDRESSES = r"registry\.gitlab\.com"
    API = "https://gitlab.com"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        wanted = glance.challenge.params if glance.challenge else {}
        return wanted.get("service") == "container_registry" and wanted.get("realm", "").endswith("/jwt/auth")

    def bulk(self, question: Question) -> Bulk | None:
        cursor = _Cursor.parse(question.past.cursor)
        id_ = cursor.id or self._find(question)
        reading = _Reading(question, cursor.newest)
        for found, tags, answer in self._pages(question.send_as_is, _TAGS, {"id": id_}, _tags_of):
            if found.get("path") != question.repository:
                raise RepositoryMissing(f"{self._api.netloc} has another repository in its place ({answer.request})")
            if reading.take(tags, found.get("tagsCount"), answer):
                break
            question.check()
        if (bulk := reading.bulk) is None:
            return None
        if reading.count != len(bulk.tags):
            # What was pushed while the pages were read went up to one that had been read already.
            bulk.nameless |= self._walk(question).names - bulk.tags
        bulk.cursor = str(_Cursor(id_, reading.newest))
        return bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        return catalog_of(self._names(roots(patterns)))

    def _names(self, paths: Sequence[str]) -> Iterator[object]:
        if not paths:
            raise Misconfigured("GitLab lists repositories by group or project: write a pattern such as mygroup/*")
        unknown = []
        for path in paths:
            is_known = False
            for entries in self._repositories(self._send_as_is, path):
                is_known = True
                yield from (entry.get("path") for entry in entries)
            if not is_known:
                unknown.append(path)
        if unknown:
            raise RepositoryMissing(f"{self._api.netloc} shows no group or project {', '.join(unknown)} to this token")

    def _find(self, question: Question) -> str:
        """The id of a repository, whose path does not say where the project's ends and the image's name begins."""
        segments = question.repository.split("/")
        for end in range(len(segments), max(1, len(segments) - _LEVELS), -1):
            project, name = "/".join(segments[:end]), "/".join(segments[end:])
            for entry in chain.from_iterable(self._repositories(question.send_as_is, project, name or None)):
                if entry.get("path") == question.repository and isinstance(id_ := entry.get("id"), str):
                    return id_
            question.check()
        raise RepositoryMissing(f"{self._api.netloc} shows no such repository to this token")

    def _repositories(self, send: Send, path: str, name: str | None = None) -> Iterator[list[dict[str, Any]]]:
        """Pages of what a project has, or a group and all below it; none when there is neither at the path."""
        for _, found, answer in self._pages(send, _REPOSITORIES, {"path": path, "name": name}, _repositories_of):
            yield objects(answer, found.get("nodes"))

    def _pages(
        self, send: Send, query: str, variables: dict[str, str | None], connection_of: _ConnectionOf
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any], Response]]:
        """What each page is about, its connection, and the answer it came in; none where there is nothing."""
        after: object = None
        ceiling = Ceiling(MOST_PAGES, MOST_SECONDS)
        while True:
            request = self._request({"query": query, "variables": {**variables, "after": after}})
            ceiling.page(request)
            answer = send(request)
            owner, connection = connection_of(_data(answer))
            if owner is None:
                return
            if not isinstance(owner, dict) or not isinstance(connection, dict):
                raise unreadable(answer)
            yield owner, connection, answer
            page = connection.get("pageInfo")
            if not isinstance(page, dict) or page.get("hasNextPage") is not True:
                return
            if not isinstance(page.get("endCursor"), str) or page["endCursor"] == after:
                raise BadAnswer(f"the list goes round in circles ({answer.request})")
            after = page["endCursor"]

    def _request(self, question: dict[str, Any]) -> Request:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": "application/json"}
        if authorization := bearer(self.settings.api_token, self._credentials()):
            headers["Authorization"] = authorization
        return Request("POST", f"{self._api}/api/graphql", headers, json.dumps(question).encode(), PAGE_CEILING)


class _Reading:
    """Pages of tags, newest first, down to where the rest is as it was at the last listing, which ended at `newest`."""

    def __init__(self, question: Question, newest: datetime | None) -> None:
        self.bulk: Bulk | None = None
        self.newest = newest
        self.count: object = None
        """Of all tags there are, as the last page says."""
        self._known = question.past.digests if newest else {}
        self._as_before = newest - _OVERLAP if newest else None

    def take(self, tags: dict[str, Any], count: object, answer: Response) -> bool:
        """Whether the further pages need not be read."""
        self.count = count
        self.bulk = self.bulk or Bulk(answer.sent_at, answer.received_at)
        self.bulk.received_at = answer.received_at
        nodes = objects(answer, tags.get("nodes"))
        moments = [self._take(self.bulk, node, answer) for node in nodes]
        self.newest = max([*moments, *([self.newest] if self.newest else [])], default=None)
        old = [
            node for node, moment in zip(nodes, moments, strict=True) if self._as_before and moment < self._as_before
        ]
        if any(self._known.get(str(node.get("name"))) != node.get("digest") for node in old):
            self._as_before = None  # something else than a push has happened: everything is to be read
        there = self._known.keys() | self.bulk.tags
        if not old or not self._as_before or count != len(there):
            return False  # a count that differs means that tags were deleted
        self.bulk.vouched = frozenset(there - self.bulk.tags)
        return True

    @staticmethod
    def _take(bulk: Bulk, node: dict[str, Any], answer: Response) -> datetime:
        published = when(node.get("publishedAt"))
        if published is None:
            raise BadAnswer(
                f"{answer.request.host} does not tell when tags were published: it keeps no database of them"
            )
        put(bulk, node.get("name"), node.get("digest"), answer, published)
        return published


def _tags_of(data: dict[str, Any]) -> tuple[Any, Any]:
    repository = data.get("containerRepository")
    return repository, repository.get("tags") if isinstance(repository, dict) else None


def _repositories_of(data: dict[str, Any]) -> tuple[Any, Any]:
    owner = data.get("project") or data.get("group")
    return owner, owner.get("containerRepositories") if isinstance(owner, dict) else None


def _data(answer: Response) -> dict[str, Any]:
    if answer.status == 404:
        raise BadAnswer(f"{answer.request.host} has no GraphQL: set the address of GitLab's API ({answer.request})")
    page = json_object(answer)
    data = page.get("data")
    if page.get("errors") or not isinstance(data, dict):
        raise BadAnswer(f"{answer.request.host} has no answer to the query ({answer.request})")
    return data
