"""One of Amazon's APIs that speak JSON 1.1: actions, their errors by name, answers in parts (AWS JSON 1.1 protocol)."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..ceiling import Ceiling
from ..errors import CredentialsRefused, Forbidden, RateLimited, RegistryError, RepositoryMissing
from ..lookup import Send
from ..origin import Origin
from ..status import failure
from ..transport import PAGE_CEILING, Request, Response
from .answers import MOST_PAGES, MOST_SECONDS, json_object, unreadable
from .sigv4 import AccessKey

Answer = tuple[Response, dict[str, Any]]

_THROTTLED = RateLimited, "has had too many requests"
_KEY_REFUSED = CredentialsRefused, "refused the access key"
_ERRORS: dict[str, tuple[type[RegistryError], str]] = {
    "ThrottlingException": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "UnrecognizedClientException": _KEY_REFUSED,
    "InvalidClientTokenId": _KEY_REFUSED,
    "InvalidSignatureException": _KEY_REFUSED,
    "IncompleteSignatureException": _KEY_REFUSED,
    "ExpiredTokenException": _KEY_REFUSED,
    "MissingAuthenticationTokenException": _KEY_REFUSED,
    "AccessDeniedException": (Forbidden, "does not allow this"),
    "RepositoryNotFoundException": (RepositoryMissing, "does not have it"),
}


@dataclass(frozen=True, slots=True)
class Api:
    """`target` is what the service calls itself and its version, `service` what signatures call it."""

    origin: Origin
    target: str
    service: str
    region: str
    key: AccessKey

    def ask(self, send: Send, action: str, asked: Mapping[str, object]) -> Answer:
        """Raises RegistryError for any answer that is not the one promised."""
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{self.target}.{action}"}
        request = Request("POST", f"{self.origin}/", headers, json.dumps(asked).encode(), PAGE_CEILING)
        answer = send(self.key.sign(request, self.region, self.service))
        if answer.status == 400:
            raise _failure(answer)
        return answer, json_object(answer)

    def parts(
        self, send: Send, action: str, asked: Mapping[str, object], check: Callable[[], None] = lambda: None
    ) -> Iterator[Answer]:
        """All parts of an answer; `check` is called before each further one is asked for."""
        token: object = None
        ceiling = Ceiling(MOST_PAGES, MOST_SECONDS)
        while True:
            answer, part = self.ask(send, action, {**asked, "nextToken": token} if token else asked)
            yield answer, part
            if not part.get("nextToken"):
                return
            if part["nextToken"] == token or not isinstance(part["nextToken"], str):
                raise unreadable(answer)
            token = part["nextToken"]
            check()
            ceiling.page(answer.request)


def _failure(answer: Response) -> RegistryError:
    """Nearly every error is a 400, and the name of an exception in the body tells which; some put a shape before it."""
    name = str(json_object(replace(answer, status=200)).get("__type")).rpartition("#")[2]
    if name not in _ERRORS:
        return failure(answer)
    error, words = _ERRORS[name]
    return error(f"{answer.request.host} {words} ({answer.request})")
