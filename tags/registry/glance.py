"""One answer of a registry nobody knows yet, and what kinds of registry can be told by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from .challenge import Challenge, choose, parse_challenges
from .transport import Response


@dataclass(frozen=True, slots=True)
class Glance:
    """What `/v2/_oci/ext/discover` was answered with, or `/v2/` where there is no such thing."""

    status: int
    headers: Mapping[str, str]
    challenge: Challenge | None
    body: bytes

    @classmethod
    def of(cls, answer: Response) -> Self:
        challenge = choose(parse_challenges(answer.headers.get("WWW-Authenticate", "")))
        return cls(answer.status, answer.headers, challenge, answer.body)

    @property
    def asks_for_a_password(self) -> bool:
        """Whether nothing is shown, not even where tokens are given out."""
        return self.status == 401 and self.challenge is not None and self.challenge.scheme == "basic"
