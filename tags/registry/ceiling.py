"""How far a list is read that may have no end."""

import time
from dataclasses import dataclass, field

from . import bounded
from .errors import TooLarge
from .transport import Request

MOST_TAGS = 100_000
"""Tags with their digests that are held of one repository, at half a KiB each."""

_LONGEST_URL = 8000  # nobody takes a longer one, and a registry could write its cursors so that they fill the memory


@dataclass(slots=True)
class Ceiling:
    """What one reading may come to, in pages, names, and seconds since it began."""

    pages: int
    seconds: float
    names: int = bounded.MOST_VALUES
    _read: int = field(default=0, init=False)
    _begun: float = field(default_factory=time.monotonic, init=False)

    @property
    def is_too_late(self) -> bool:
        return time.monotonic() - self._begun > self.seconds

    def page(self, request: Request) -> None:
        """To be called before each page is asked for; raises TooLarge."""
        if self._read >= self.pages or self.is_too_late or len(request.url) > _LONGEST_URL:
            raise TooLarge(f"the list has no end that could be reached ({request})")
        self._read += 1

    def hold(self, names: int, request: Request) -> None:
        """To be called when there are so many names; raises TooLarge."""
        if names > self.names:
            raise too_many(self.names, request)


def too_many(names: int, request: Request) -> TooLarge:
    return TooLarge(f"the list holds more than {names} names ({request})")
