"""One answer of a registry nobody knows yet, and what kinds of registry can be told by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .challenge import Challenge, choose, parse_challenges
from .transport import Response


@dataclass(frozen=True, slots=True)
class Glance:
    """What `/v2/_oci/ext/discover` was answered with: where there are no extensions, a 404 or a 401 tells enough."""

    status: int
    headers: Mapping[str, str]
    challenge: Challenge | None
    body: bytes

    @classmethod
    def of(cls, answer: Response) -> Self:
        challenge = choose(parse_challenges(answer.headers.get("WWW-Authenticate", "")))
        return cls(answer.status, answer.headers, challenge, answer.body)
