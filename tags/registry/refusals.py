"""Credentials that were refused are not tried on and on: registries lock accounts out, and whole addresses."""

import threading
import time

from .credential import Credential
from .errors import CredentialsRefused

_MOST_IN_A_ROW = 3  # one may speak for a single repository: some answer 401 for what is not there
_REST = 900.0


class Refusals:
    """How often in a row the present credential was refused; may be used by many threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credential: Credential | None = None
        self._in_a_row = 0
        self._last = 0.0  # monotonic

    def check(self, credential: Credential | None, host: str) -> None:
        """Raises CredentialsRefused while `host` is not to see this credential."""
        with self._lock:
            rest = self._last + _REST - time.monotonic()
            resting = credential == self._credential and self._in_a_row >= _MOST_IN_A_ROW and rest > 0
        if credential and resting:
            raise CredentialsRefused(
                f"{host} has refused the credentials {_MOST_IN_A_ROW} times: "
                f"they are not sent again for {rest / 60:.0f} minutes, or until they are changed",
                retry_after=rest,
            )

    def refused(self, credential: Credential) -> None:
        with self._lock:
            self._in_a_row = self._in_a_row + 1 if credential == self._credential else 1
            self._credential, self._last = credential, time.monotonic()

    def taken(self) -> None:
        with self._lock:
            self._in_a_row = 0
