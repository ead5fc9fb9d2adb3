"""Places where nobody may ever be led: listeners that note every connection and what it brings."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

METADATA = "169.254.169.254"


class Sink:
    """Takes every connection, TLS or not, and never answers; `received` has the first bytes of each."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.received: list[bytes] = []
        self._server = socket.create_server((host, 0))
        self.port = int(self._server.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(0.2)
                self.received.append(b"")
                with suppress(OSError):  # whoever only connects is noted too
                    self.received[-1] = connection.recv(65536)


@contextmanager
def metadata_sink() -> Iterator[Sink | None]:
    """Cloud metadata on this machine; None where that takes more rights than the tests have."""
    ip = shutil.which("ip")
    address = [f"{METADATA}/32", "dev", "lo"]
    added = os.geteuid() == 0 and ip is not None and _succeeds([ip, "address", "add", *address])
    with ExitStack() as undo:
        if added and ip:
            undo.callback(_succeeds, [ip, "address", "del", *address])
        try:
            sink = undo.enter_context(Sink(METADATA))
        except OSError:
            sink = None
        yield sink


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
