"""Amazon's signatures (Signature Version 4): the secret key signs a request and never travels itself."""

from dataclasses import dataclass, field
from typing import Self

from requests_aws4auth import AWS4Auth

from ..transport import Request


@dataclass(frozen=True, slots=True)
class AccessKey:
    identity: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, username: str, secret: str) -> Self:
        """`secret` may be followed by a colon and the session token of a temporary key: neither can hold a colon."""
        key, _, token = secret.partition(":")
        return cls(username, key, token or None)

    def sign(self, request: Request, region: str, service: str) -> Request:
        """The request with the headers that prove who sends it, valid for minutes."""
        draft = _Draft(request.method, request.url, dict(request.headers), request.body)
        AWS4Auth(self.identity, self.secret, region, service, session_token=self.session_token)(draft)
        return Request(request.method, request.url, draft.headers, request.body, request.ceiling)


@dataclass
class _Draft:
    """What the signer changes in place; of a prepared request it wants no more than this."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
