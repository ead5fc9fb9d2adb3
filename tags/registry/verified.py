"""What a repository holds by digest: nothing is believed before its bytes were hashed."""

from typing import Any

from .errors import BadAnswer
from .lookup import Send
from .manifest import ACCEPT, hashed, media_type_of, parsed, payload_of
from .reference import is_digest
from .status import failure
from .transport import MANIFEST_CEILING, Request, Response

_CONFIG_CEILING = MANIFEST_CEILING


class Verified:
    """The manifests and configs of one repository; all raise RegistryError when they cannot be had or believed."""

    def __init__(self, send: Send, origin: str, repository: str) -> None:
        self._send = send
        self._address = f"{origin}/v2/{repository}"

    def manifest(self, digest: str) -> dict[str, Any]:
        answer = self._get(f"manifests/{digest}", MANIFEST_CEILING, ACCEPT)
        media_type = media_type_of(answer.headers.get("Content-Type"))
        return _believed(answer, payload_of(answer.body, media_type), digest, "manifest")

    def config(self, digest: object) -> dict[str, Any]:
        """A blob that says what is in an image; registries keep blobs elsewhere and redirect there."""
        if not isinstance(digest, str) or not is_digest(digest):
            raise BadAnswer("the manifest names no config")
        answer = self._get(f"blobs/{digest}", _CONFIG_CEILING, "*/*")
        return _believed(answer, answer.body, digest, "config")

    def _get(self, path: str, ceiling: int, accept: str) -> Response:
        answer = self._send(Request("GET", f"{self._address}/{path}", {"Accept": accept}, ceiling=ceiling))
        if answer.status != 200:
            raise failure(answer)
        return answer


def _believed(answer: Response, content: bytes | None, digest: str, what: str) -> dict[str, Any]:
    if content is None or hashed(content, digest) != digest:
        raise BadAnswer(f"the {what} does not have the digest it was asked for by ({answer.request})")
    value = parsed(content)
    if value is None:
        raise BadAnswer(f"the {what} cannot be read ({answer.request})")
    return value
