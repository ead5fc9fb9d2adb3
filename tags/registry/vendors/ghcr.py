"""GitHub's registry: its API tells the versions of a package, which are manifests with their tags.

Untagged ones count too, platforms and attestations of every image: a package may have fifty times as many versions as
tags, and is read the plain way then.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from ..client import Client
from ..errors import CredentialsMissing, RepositoryMissing, TooLarge
from ..listing import Bulk, Catalog, Question
from ..transport import Response
from .answers import api_get, catalog_by_namespace, json_list, linked_next, objects, pages, put
from .authorization import bearer

_OWNERS = ("orgs", "users")
_WORTH_IT = 5
"""Pages: the API allows 5000 requests an hour for all repositories together."""

_LAST = re.compile(r"""[?&]page=([0-9]{1,9})[^<>]*>\s*;\s*rel="?last\b""")


class Ghcr(Client):
    """The password is a token that may `read:packages`; without one there is only the plain way."""

    NAME = "GitHub (GHCR)"
    LAG = timedelta(minutes=1)
    ADDRESSES = r"ghcr\.io"
    API = "https://api.github.com"

    def bulk(self, question: Question) -> Bulk | None:
        """The cursor is `orgs` or `users`: what the owner is. A version's times are not those of its tags."""
        owner, _, package = question.repository.partition("/")
        if not self._authorization or not package:
            return None
        for kind in [question.past.cursor] if question.past.cursor in _OWNERS else _OWNERS:
            with suppress(RepositoryMissing):
                return self._read(question, kind, f"{owner}/packages/container/{quote(package, safe='')}")
        raise RepositoryMissing(f"{self._api.netloc} shows no such package to this token")

    def _read(self, question: Question, kind: str, package: str) -> Bulk | None:
        bulk: Bulk | None = None
        url = f"{self._api}/{kind}/{package}/versions?state=active&per_page=100"
        for answer in pages(question.send_as_is, api_get(url, self._authorization), linked_next, question.check):
            versions = objects(answer, json_list(answer))
            if (last := _LAST.search(answer.headers.get("Link", ""))) and int(last[1]) > _WORTH_IT:
                raise TooLarge(f"{self._api.netloc} has more versions than are worth reading ({answer.request})")
            bulk = bulk or Bulk(answer.sent_at, answer.received_at, cursor=kind)
            bulk.received_at = answer.received_at
            for version in versions:
                for tag in _tags(version):
                    put(bulk, tag, version.get("name"), answer)
        return bulk

    def catalog(self, patterns: Sequence[str] = ()) -> Catalog:
        if self._authorization:
            return catalog_by_namespace("GitHub", patterns, self._names_of)
        words = "GitHub lists packages only for a token: set a user name, and as its password one with read:packages"
        return Catalog((), False, CredentialsMissing(words))

    def _names_of(self, owner: str) -> Iterator[str]:
        for answer in self._packages(owner):
            for package in objects(answer, json_list(answer)):
                yield f"{owner}/{package.get('name')}"

    def _packages(self, owner: str) -> Iterator[Response]:
        for kind in _OWNERS:
            first = api_get(
                f"{self._api}/{kind}/{owner}/packages?package_type=container&per_page=100", self._authorization
            )
            for answer in pages(self._send_as_is, first, linked_next):
                if answer.status == 404 and kind != _OWNERS[-1]:
                    break
                yield answer
            else:
                return

    @property
    def _authorization(self) -> str:
        return bearer(self.settings.api_token, self._credentials())


def _tags(version: dict[str, Any]) -> list[Any]:
    """Empty for whatever is no container's version."""
    metadata = version.get("metadata")
    container = metadata.get("container") if isinstance(metadata, dict) else None
    tags = container.get("tags") if isinstance(container, dict) else None
    return tags if isinstance(tags, list) else []
