"""The digest of one tag: a HEAD, and the falls to a GET where a registry does not do HEAD well."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .errors import BadAnswer
from .manifest import ACCEPT, digest_of, media_type_of
from .reference import is_digest
from .status import failure
from .transport import MANIFEST_CEILING, Request, Response

Send = Callable[[Request], Response]

_ACCEPTING = {"Accept": ACCEPT}
# A GET explains these or does better. Not after 429, where it would only cost more, nor after other errors.
_WORTH_A_GET = frozenset({200, 400, 403, 404, 405, 501})
_NO_HEAD = frozenset({404, 405, 501})
_SURE = 3
"""Tags whose HEAD must fail where their GET does not: a tag pushed between the two looks like one of them."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a registry said about one tag, in the interval in which it said so."""

    tag: str
    digest: str | None  # None: listed, but its image is missing
    sent_at: datetime
    received_at: datetime
    pushed_at: datetime | None = None
    """When the tag was put on this digest, by the registry's clock; None where it does not tell."""
    pushed_again: bool = False
    """Whether `pushed_at` may be that of a later push of the same image, which moved nothing."""
    media_type: str | None = None


class Lookup:
    """Looks tags up at one registry, and remembers when its HEAD has proved no good."""

    def __init__(self, origin: str) -> None:
        self._manifests = origin + "/v2/{repository}/manifests/{tag}"
        self._headless: set[str] = set()  # URLs since the last HEAD that worked

    def __call__(self, send: Send, repository: str, tag: str) -> Observation:
        """Raises RegistryError when the answer is not sure: then what was known before still holds."""
        url = self._manifests.format(repository=repository, tag=tag)
        head: Response | None = None
        if len(self._headless) < _SURE:
            head = send(Request("HEAD", url, _ACCEPTING))
            digest = head.headers.get("Docker-Content-Digest")
            if head.status == 200 and digest and is_digest(digest):
                self._headless.clear()
                return _observation(tag, digest, head)
            if head.status not in _WORTH_A_GET:
                raise failure(head)
        return self._get(send, tag, url, head)

    def _get(self, send: Send, tag: str, url: str, head: Response | None) -> Observation:
        answer = send(Request("GET", url, _ACCEPTING, ceiling=MANIFEST_CEILING))
        if answer.status == 404:
            return _observation(tag, None, answer)
        if answer.status != 200:
            raise failure(answer)
        claimed = answer.headers.get("Docker-Content-Digest")
        digest = digest_of(answer.body, media_type_of(answer.headers.get("Content-Type")), claimed)
        if digest is None:
            raise BadAnswer(f"the answer is no manifest ({answer.request})")
        if claimed and is_digest(claimed) and claimed != digest:
            raise BadAnswer(f"the manifest does not have the digest the registry claims ({answer.request})")
        if head is not None and head.status in _NO_HEAD:
            self._headless.add(url)
        return _observation(tag, digest, answer)


def _observation(tag: str, digest: str | None, answer: Response) -> Observation:
    media_type = media_type_of(answer.headers.get("Content-Type")) or None
    return Observation(
        tag, digest, answer.sent_at, answer.received_at, media_type=media_type if digest is not None else None
    )
