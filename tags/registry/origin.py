"""Where a request goes: scheme, host and port, the three things credentials are bound to."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UP_TO_PATH = re.compile(r"https?://[^/?#]+")


@dataclass(frozen=True, slots=True)
class Origin:
    scheme: str
    host: str
    port: int

    @staticmethod
    def parse(url: str) -> "Origin":
        """Raises ValueError for anything that is not an http or https URL with a host and without a user."""
        beginning = _UP_TO_PATH.match(url)
        return _parsed(beginning[0] if beginning else url)

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


@lru_cache(maxsize=256)  # each request is asked several times where it goes, and most go where others went
def _parsed(url: str) -> Origin:
    try:
        parts = urlsplit(url)
    except ValueError as error:  # brackets that hold no IPv6 address
        raise ValueError(f"{url!r} is no address of a registry") from error
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _DEFAULT_PORTS or "@" in parts.netloc or not re.fullmatch(r"[\w.:-]+", host):
        raise ValueError(f"{parts.netloc!r} is no address of a registry")
    return Origin(parts.scheme, host, _port(parts))


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:  # no number, or too large a one
        port = 0
    if port == 0:
        raise ValueError(f"{parts.netloc!r} has no usable port")
    return _DEFAULT_PORTS[parts.scheme] if port is None else port
