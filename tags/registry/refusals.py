"""Credentials that were refused are not tried on and on: registries lock accounts out, and whole addresses."""

import threading
import time

from .credential import Credential
from .errors import CredentialsRefused

_MOST_IN_A_ROW = 3  # one may speak for a single repository: some answer 401 for what is not there
_REST = 900.0
_MOST_SHOWN = 16  # those used last are kept

Shown = Credential | str
"""What the registry itself is let see, or the `Authorization` that a vendor's API is.

Each is counted for itself: a password that is good for the registry is often none for the API, and must go on.
"""


class Refusals:
    """How often in a row each credential was refused; may be used by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[Shown, tuple[int, float]] = {}  # times in a row, and when last, in monotonic seconds

    def check(self, shown: Shown | None, host: str) -> None:
        """Raises CredentialsRefused while `host` is not to see it."""
        if not shown:
            return
        with self._lock:
            in_a_row, last = self._refused.get(shown, (0, 0.0))
        rest = last + _REST - time.monotonic()
        if in_a_row >= _MOST_IN_A_ROW and rest > 0:
            raise CredentialsRefused(
                f"{host} has refused the credentials {_MOST_IN_A_ROW} times: "
                f"they are not sent again for {rest / 60:.0f} minutes, or until they are changed",
                retry_after=rest,
            )

    def refused(self, shown: Shown) -> None:
        with self._lock:
            in_a_row, _ = self._refused.pop(shown, (0, 0.0))
            self._refused[shown] = in_a_row + 1, time.monotonic()
            if len(self._refused) > _MOST_SHOWN:
                del self._refused[next(iter(self._refused))]

    def taken(self, shown: Shown) -> None:
        with self._lock:
            self._refused.pop(shown, None)
