"""Image references as docker reads them: `python` is `docker.io/library/python`."""

import re
from dataclasses import dataclass
from typing import Self

DOCKER_HUB = "docker.io"

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])"
_DOMAIN = re.compile(rf"{_HOST}(?::[0-9]+)?")
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DIGEST = re.compile("|".join(rf"{algorithm}:[0-9a-f]{{{length}}}" for algorithm, length in _HEX_LENGTHS.items()))
_IMAGE_ID = re.compile(r"[a-f0-9]{64}")
_PATH_LENGTH = 255


class InvalidReference(ValueError):
    """Not an image reference; the message tells a person what to change."""


def is_tag_name(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def is_repository_name(text: str) -> bool:
    """Whether it is a repository's path inside its registry, such as `library/python`."""
    return len(text) <= _PATH_LENGTH and _PATH.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository by its full name, and perhaps one tag or digest in it; with both, the digest decides."""

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidReference. The order of the steps is that of docker's own parser (distribution/reference)."""
        if _IMAGE_ID.fullmatch(text):
            raise InvalidReference("64 hexadecimal digits are an image's id, not a repository's name")
        domain, rest = _split_domain(text)
        name, at, digest = rest.partition("@")
        path, colon, tag = name.partition(":")
        _check_domain(domain)
        _check_path(path)
        if colon and not is_tag_name(tag):
            raise InvalidReference(
                f"{_shown(tag)} is no tag: use up to 128 of A-Z, a-z, 0-9, '_', and later '.' or '-'"
            )
        if at:
            _check_digest(digest)
        return cls(domain, path, tag or None, digest or None)

    @property
    def host(self) -> str:
        """The domain as it must be compared: its case means nothing."""
        return self.domain.lower()

    @property
    def name(self) -> str:
        return f"{self.domain}/{self.path}"

    @property
    def familiar(self) -> str:
        """As short as docker prints it."""
        return self._with_suffixes(_familiar_name(self.domain, self.path))

    def __str__(self) -> str:
        return self._with_suffixes(self.name)

    def _with_suffixes(self, name: str) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{name}{tag}{digest}"


def _split_domain(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    if not slash:
        return DOCKER_HUB, f"library/{text}"
    if first == "index.docker.io":
        first = DOCKER_HUB
    if not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        first, rest = DOCKER_HUB, text
    if first == DOCKER_HUB and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest


def _familiar_name(domain: str, path: str) -> str:
    if domain != DOCKER_HUB:
        return f"{domain}/{path}"
    namespace, _, name = path.partition("/")
    return name if namespace == "library" and "/" not in name else path


def _check_domain(domain: str) -> None:
    if not _DOMAIN.fullmatch(domain):
        raise InvalidReference(
            f"{_shown(domain)} is no registry address: write it as host or host:port, without http://"
        )


def _check_path(path: str) -> None:
    if path != path.lower():
        raise InvalidReference(f"the repository's name must be lower case: {_shown(path)}")
    if len(path) > _PATH_LENGTH:
        raise InvalidReference(f"the repository's name is longer than {_PATH_LENGTH} characters")
    if not _PATH.fullmatch(path):
        raise InvalidReference(
            f"{_shown(path)} is no repository name: use a-z and 0-9, with '/', '.', '_' or '-' between them"
        )


def _check_digest(digest: str) -> None:
    algorithm, _, digits = digest.partition(":")
    length = _HEX_LENGTHS.get(algorithm)
    if length is None:
        raise InvalidReference(f"{_shown(digest)} is no digest: it starts with sha256:, sha384: or sha512:")
    if not is_digest(digest):
        raise InvalidReference(f"a {algorithm} digest has {length} digits 0-9 and a-f; this one is {_shown(digits)}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
