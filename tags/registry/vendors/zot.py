"""zot: one question in GraphQL brings all tags of a repository (pkg/extensions/search/schema.graphql)."""

import json

from ..glance import Glance
from ..listing import Bulk, Question
from ..transport import PAGE_CEILING, Request
from .answers import json_object, objects, put, unreadable
from .searched import Searched

_SEARCH = "/v2/_zot/ext/search"
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": "application/json"}


class Zot(Searched):
    """Without times: `PushTimestamp` is that of the digest's first push, and `LastUpdated` that of its build.

    `TaggedTimestamp` of the newest would be it, but falls back to the former and does not say so.
    """

    NAME = "zot"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        try:
            found = json.loads(glance.body)
        except (ValueError, RecursionError):
            return False
        extensions = found.get("extensions") if isinstance(found, dict) else None
        return isinstance(extensions, list) and any(
            isinstance(extension, dict) and extension.get("name") == "_zot" and _offers_search(extension)
            for extension in extensions
        )

    def search(self, question: Question) -> Bulk:
        query = f"{{ExpandedRepoInfo(repo:{json.dumps(question.repository)}){{Images{{Tag Digest}}}}}}"
        body = json.dumps({"query": query}).encode()
        answer = question.send(Request("POST", f"{self._origin}{_SEARCH}", _HEADERS, body, PAGE_CEILING))
        found = json_object(answer)
        data = found.get("data")
        repository = data.get("ExpandedRepoInfo") if isinstance(data, dict) else None
        if found.get("errors") or not isinstance(repository, dict):
            raise unreadable(answer)
        bulk = Bulk(answer.sent_at, answer.received_at)
        for image in objects(answer, repository.get("Images") or []):
            put(bulk, image.get("Tag"), image.get("Digest"), answer)
        return bulk


def _offers_search(extension: dict[str, object]) -> bool:
    endpoints = extension.get("endpoints")
    return isinstance(endpoints, list) and _SEARCH in endpoints
