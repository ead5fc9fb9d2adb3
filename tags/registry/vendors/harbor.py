"""Harbor, whose API lists the tagged artifacts of a repository, each with its tags and when they were put there."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from ..client import Client
from ..errors import RepositoryMissing
from ..glance import Glance
from ..listing import Bulk, Catalog, Question
from ..lookup import Send
from ..times import when
from ..transport import Response
from .answers import api_get, catalog_of, json_list, objects, pages, put
from .authorization import basic

_PAGE = 100
"""The most entries that one page holds."""


class Harbor(Client):
    """Reads all pages each time: a tag that moves back changes neither the place of its artifact nor any count."""

    NAME: ClassVar[str] = "Harbor"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        return glance.challenge is not None and glance.challenge.params.get("service") == "harbor-registry"

    def bulk(self, question: Question) -> Bulk | None:
        project, _, name = question.repository.partition("/")
        if not name:
            return None
        bulk: Bulk | None = None
        for artifact, answer in self._entries(question.send_as_is, _artifacts(project, name), question.check):
            bulk = bulk or Bulk(answer.sent_at, answer.received_at)
            bulk.received_at = answer.received_at
            for tag in objects(answer, artifact.get("tags") or []):
                digest, kind = artifact.get("digest"), artifact.get("manifest_media_type")
                put(bulk, tag.get("name"), digest, answer, when(tag.get("push_time")), kind)
        return bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        return catalog_of(self._names())

    def _names(self) -> Iterator[object]:
        try:
            yield from (entry.get("name") for entry, _ in self._entries(self._send_as_is, "repositories?"))
        except RepositoryMissing:  # before Harbor 2.2 only a project lists its repositories
            for project, _ in self._entries(self._send_as_is, "projects?"):
                path = f"projects/{quote(str(project.get('name')), safe='')}/repositories?"
                yield from (entry.get("name") for entry, _ in self._entries(self._send_as_is, path))

    def _entries(
        self, send: Send, path: str, check: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[dict[str, Any], Response]]:
        """What stands in a list, page by page, as far as the registry counts or until a page is not full."""
        page, read = 1, 0

        def url() -> str:
            return f"{self._api}/api/v2.0/{path}page_size={_PAGE}&page={page}"

        def next_page(answer: Response) -> str | None:
            total = answer.headers.get("X-Total-Count", "")
            more = read < int(total) if re.fullmatch("[0-9]{1,9}", total) else len(entries) == _PAGE
            return url() if entries and more else None

        for answer in pages(send, api_get(url(), basic(self._credentials())), next_page, check):
            entries = objects(answer, json_list(answer))
            yield from ((entry, answer) for entry in entries)
            read += len(entries)
            page += 1


def _artifacts(project: str, name: str) -> str:
    """The name encoded twice: the proxy before Harbor decodes it once, and a slash must not part the path."""
    encoded = quote(quote(name, safe=""), safe="")
    return f"projects/{project}/repositories/{encoded}/artifacts?with_tag=true&q=tags%3D*&"
