"""Gitea and Forgejo: they tell no digest but by HEAD, and their packages by owner to whom `_catalog` is closed."""

from collections.abc import Iterator, Sequence
from urllib.parse import parse_qs, urlsplit

from ..client import Client
from ..glance import Glance
from ..listing import Catalog
from ..transport import Response
from .answers import api_get, catalog_of, json_list, namespaces, objects, pages
from .authorization import basic


class Gitea(Client):
    NAME = "Gitea, Forgejo"
    ADDRESSES = r"gitea\.com|codeberg\.org"

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        wanted = glance.challenge.params if glance.challenge else {}
        return wanted.get("service") == "container_registry" and wanted.get("realm", "").endswith("/v2/token")

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        listed = super().catalog(patterns)
        owners = namespaces(patterns)
        return listed if listed.complete or not owners else catalog_of(self._names(owners))

    def _names(self, owners: Sequence[str]) -> Iterator[str]:
        for owner in owners:
            first = api_get(
                f"{self._api}/api/v1/packages/{owner}?type=container&limit=50&page=1", basic(self._credentials())
            )
            for answer in pages(self._send_as_is, first, _next):
                for version in objects(answer, json_list(answer)):
                    yield f"{owner}/{version.get('name')}"


def _next(answer: Response) -> str | None:
    """By number, up to an empty page: servers cap `limit` as they are told to, and link to a name of theirs."""
    url = urlsplit(answer.request.url)
    if not json_list(answer):
        return None
    page = int(parse_qs(url.query)["page"][0])
    return url._replace(query=url.query.replace(f"page={page}", f"page={page + 1}")).geturl()
