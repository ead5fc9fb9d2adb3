"""JFrog Artifactory: the files that manifests are, found by one query in AQL (JFrog's REST documentation)."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from ..errors import RateLimited
from ..glance import Glance
from ..listing import Bulk, Catalog, Question
from ..pages import Pages
from ..reference import is_repository_name
from ..transport import PAGE_CEILING, Request, Response
from .answers import catalog_of, json_list, json_object, objects, put, unreadable
from .authorization import basic, bearer
from .searched import Searched

File = dict[str, Any]
Place = tuple[str, str]
"""The key of Artifactory's own repository, and an image's path in it."""

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": "text/plain"}
_MANIFEST, _INDEX = "manifest.json", "list.manifest.json"
_NO_TAG = re.compile(r"_uploads|sha\d+(:|__)[0-9a-f]+")


class Artifactory(Searched):
    """A tag is a folder that holds its manifest, and the SHA-256 of that file is the digest.

    Without times: a copied or promoted file keeps the `modified` of the first.
    """

    NAME = "JFrog Artifactory"
    ADDRESSES = r"[a-z0-9-]+\.jfrog\.io"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        return not {"x-jfrog-version", "x-artifactory-id"}.isdisjoint(name.lower() for name in glance.headers)

    def search(self, question: Question) -> Bulk | None:
        """None where the repository's name does not tell which of Artifactory's own it is in."""
        places = self._places(question.repository)
        if not places:
            return None
        url = f"{self._api}/artifactory/api/search/aql"
        request = Request("POST", url, _HEADERS, _query(places).encode(), PAGE_CEILING)
        answer = question.send_as_is(self._authorized(request))
        return _bulk(answer, places)

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        """`_catalog` where the host stands for one of Artifactory's repositories, else that of each of them."""
        one = super().catalog(patterns)
        return one if one.complete or isinstance(one.error, RateLimited) else catalog_of(self._names())

    def _names(self) -> Iterator[str]:
        answer = self._ask(Request("GET", f"{self._api}/artifactory/api/repositories?packageType=docker"))
        for repository in objects(answer, json_list(answer)):
            key = str(repository.get("key"))
            url = f"{self._api}/artifactory/api/docker/{quote(key, safe='')}/v2/_catalog"
            walk = Pages(self._ask, url, "repositories", is_repository_name).walk(self.settings.page_size)
            yield from (f"{key}/{name}" for name in sorted(walk.names))
            if walk.error:
                raise walk.error

    def _ask(self, request: Request) -> Response:
        return self._send_as_is(self._authorized(request))

    def _places(self, repository: str) -> list[Place]:
        """Where it is if its first segment is the key, and where if the host's first label is: both are in use."""
        key, slash, image = repository.partition("/")
        places = [(key, image)] if slash else []
        label, dot, _ = self._origin.host.partition(".")
        if dot and not label.isdigit():
            places.append((label, repository))
        return places

    def _authorized(self, request: Request) -> Request:
        """At once, as the challenge of the registry's own side leads to a token that is good for that side only."""
        token = self.settings.api_token
        authorization = bearer(token, None) if token else basic(self._credentials())
        return request.with_header("Authorization", authorization) if authorization else request


def _query(places: list[Place]) -> str:
    """`path` matches folders at any depth below; those who are no administrators must include repo, path and name."""
    where = [{"repo": key, "path": {"$match": f"{image}/*"}} for key, image in places]
    place = where[0] if len(where) == 1 else {"$or": where}
    criteria = json.dumps({**place, "name": {"$match": f"*{_MANIFEST}"}})
    return f'items.find({criteria}).include("repo","path","name","sha256")'


def _bulk(answer: Response, places: list[Place]) -> Bulk:
    found = json_object(answer)
    trimmed = isinstance(found.get("range"), dict) and "notification" in found["range"]
    folders: dict[str, dict[str, list[File]]] = {}  # image's path -> tag -> manifests
    for file in objects(answer, found.get("results")):
        image, _, tag = str(file.get("path")).rpartition("/")
        if file.get("name") in (_MANIFEST, _INDEX) and not _NO_TAG.fullmatch(tag):
            folders.setdefault(image, {}).setdefault(tag, []).append(file)
    images = [image for _, image in places if image in folders]
    if trimmed or len(images) > 1:
        raise unreadable(answer)  # not all of it, or of two images, one of which is not the one asked for
    bulk = Bulk(answer.sent_at, answer.received_at)
    for tag, files in folders[images[0]].items() if images else ():
        for digest in _digests(files):
            put(bulk, tag, digest, answer)
    return bulk


def _digests(files: list[File]) -> set[str]:
    """That of the index if there is one; several where a virtual repository has such a folder from more than one."""
    is_from_one = len({str(file.get("repo")) for file in files}) == 1
    indexes = [file for file in files if file.get("name") == _INDEX] if is_from_one else []
    return {f"sha256:{file.get('sha256')}" for file in indexes or files}
