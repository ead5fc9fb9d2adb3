"""What a registry is shown to let us in, and where it comes from."""

from base64 import b64encode
from dataclasses import dataclass, field
from typing import Protocol

_IDENTITY_USER = "<token>"


@dataclass(frozen=True, slots=True)
class Credential:
    """A user name and a password or token.

    With the name `<token>`, as docker's credential helpers have it, an identity token, which buys tokens; with no name
    at all a token that the registry itself takes as it is.
    """

    username: str
    secret: str = field(repr=False)

    @property
    def is_identity_token(self) -> bool:
        return self.username == _IDENTITY_USER

    @property
    def is_bearer_token(self) -> bool:
        return not self.username

    @property
    def basic(self) -> str:
        return "Basic " + b64encode(f"{self.username}:{self.secret}".encode()).decode("ascii")

    def current(self, refused: "Credential | None" = None) -> "Credential":
        """Itself: what a person typed stays until a person changes it."""
        return self

    @classmethod
    def identity_token(cls, token: str) -> "Credential":
        return cls(_IDENTITY_USER, token)

    @classmethod
    def bearer_token(cls, token: str) -> "Credential":
        return cls("", token)


class CredentialSource(Protocol):
    """A credential, or something that knows it at every moment; may be asked by many threads at once."""

    def current(self, refused: Credential | None = None) -> Credential | None:
        """The credential to use now, None to go without; another than the `refused` one if there is one by now.

        Raises Misconfigured when it cannot be known.
        """
