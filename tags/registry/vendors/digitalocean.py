"""DigitalOcean: its API tells all tags of a repository with their digests, two hundred at a time."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from ..client import Client
from ..errors import CredentialsMissing
from ..listing import Bulk, Catalog, Question
from ..transport import Response
from .answers import api_get, catalog_of, json_object, namespaces, objects, pages, put, same_origin_next, unreadable
from .authorization import bearer


class DigitalOcean(Client):
    """The password is an API token: `docker login` wants nothing else of it either."""

    NAME = "DigitalOcean"
    ADDRESSES = r"registry\.digitalocean\.com"
    API = "https://api.digitalocean.com"

    def bulk(self, question: Question) -> Bulk | None:
        """Without `pushed_at`: nothing says that `updated_at` stays when the same image is pushed again."""
        registry, _, name = question.repository.partition("/")
        if not self._authorization or not name:
            return None
        url = f"{self._api}/v2/registry/{registry}/repositories/{quote(name, safe='')}/tags?per_page=200"
        bulk: Bulk | None = None
        for answer in pages(question.send_as_is, api_get(url, self._authorization), _next, question.check):
            entries = objects(answer, json_object(answer).get("tags"))
            bulk = bulk or Bulk(answer.sent_at, answer.received_at)
            bulk.received_at = answer.received_at
            for entry in entries:
                put(bulk, entry.get("tag"), entry.get("manifest_digest"), answer)
        return bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        """Of the registries that patterns name, or else of the account's own."""
        return catalog_of(self._names(patterns))

    def _names(self, patterns: Sequence[str]) -> Iterator[str]:
        if not self._authorization:
            raise CredentialsMissing(
                "DigitalOcean lists repositories only for an API token: set one as the password, with any user name"
            )
        for registry in namespaces(patterns) or [self._own_registry()]:
            url = f"{self._api}/v2/registry/{registry}/repositoriesV2?per_page=100"
            for answer in pages(self._send_as_is, api_get(url, self._authorization), _next):
                for entry in objects(answer, json_object(answer).get("repositories")):
                    yield f"{registry}/{entry.get('name')}"

    def _own_registry(self) -> str:
        answer = self._send_as_is(api_get(f"{self._api}/v2/registry", self._authorization))
        registry = json_object(answer).get("registry")
        if not isinstance(registry, dict) or not isinstance(name := registry.get("name"), str):
            raise unreadable(answer)
        return quote(name, safe="")

    @property
    def _authorization(self) -> str:
        return bearer(self.settings.api_token, self._credentials())


def _next(answer: Response) -> str | None:
    links = json_object(answer).get("links")
    listed = links.get("pages") if isinstance(links, dict) else None
    return same_origin_next(answer, listed.get("next")) if isinstance(listed, dict) else None
