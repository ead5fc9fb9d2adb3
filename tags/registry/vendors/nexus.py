"""Sonatype Nexus: its search tells the tags of a hosted repository, where the path begins with that repository's name.

On connectors (a port or a subdomain for one repository) nobody tells which one it is, and a proxy or a group has tags
that no search has met: those are read the plain way.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from ..errors import BadAnswer
from ..glance import Glance
from ..listing import Bulk, Question
from ..reference import is_digest
from ..transport import Response
from .answers import api_get, json_list, json_object, objects, pages, put
from .authorization import basic
from .searched import Searched


class Nexus(Searched):
    NAME = "Sonatype Nexus"
    LAG = timedelta(minutes=5)  # its search is an index

    @classmethod
    def is_seen_in(cls, glance: Glance) -> bool:
        return glance.headers.get("Server", "").startswith("Nexus/")

    def search(self, question: Question) -> Bulk | None:
        """Without `pushed_at`: an asset's `lastModified` changes with whatever is written, not only with its digest."""
        hosted, _, image = question.repository.partition("/")
        if not image:
            return None
        if not question.past.cursor:
            self._check_hosted(question, hosted)
        return self._tags_in(question, hosted, image)

    def _check_hosted(self, question: Question, name: str) -> None:
        answer = question.send_as_is(api_get(f"{self._api}/service/rest/v1/repositories", self._authorization))
        wanted = {"name": name, "format": "docker", "type": "hosted"}
        if not any(wanted.items() <= entry.items() for entry in objects(answer, json_list(answer))):
            raise BadAnswer(f"{self._api.netloc} has no hosted repository of that name ({answer.request})")

    def _tags_in(self, question: Question, hosted: str, image: str) -> Bulk | None:
        url = (
            f"{self._api}/service/rest/v1/search?format=docker&repository={quote(hosted, safe='')}"
            f"&docker.imageName={quote(image, safe='')}"
        )

        def following(answer: Response) -> str | None:
            token = json_object(answer).get("continuationToken")
            return f"{url}&continuationToken={quote(token, safe='')}" if isinstance(token, str) and token else None

        bulk: Bulk | None = None
        for answer in pages(question.send_as_is, api_get(url, self._authorization), following, question.check):
            components = objects(answer, json_object(answer).get("items"))
            bulk = bulk or Bulk(answer.sent_at, answer.received_at)
            bulk.received_at = answer.received_at
            for component in components:
                tag = component.get("version")
                is_ours = component.get("repository") == hosted and component.get("name") == image
                if is_ours and not (isinstance(tag, str) and is_digest(tag)):
                    put(bulk, tag, _digest(component), answer)
        return bulk

    @property
    def _authorization(self) -> str:
        return basic(self._credentials())


def _digest(component: dict[str, Any]) -> object:
    """Of the manifest, which is one of the files that a tag is made of."""
    assets = component.get("assets")
    for asset in assets if isinstance(assets, list) else []:
        if isinstance(asset, dict) and str(asset.get("path")).endswith(f"/manifests/{component.get('version')}"):
            checksum = asset.get("checksum")
            return f"sha256:{checksum.get('sha256')}" if isinstance(checksum, dict) else None
    return None
