"""A deadline for a whole request: no socket call waits longer than what is left of it.

The `timeout` of `requests` bounds one read, so a server that drips a byte a second holds a worker for ever. Closing the
socket from a timer thread would bound the whole, but costs a thread a request and may close a descriptor that somebody
else has got by then. Here every blocking call of the socket is given the time that is left instead. One request
runs in one thread from its first byte to its last, so the deadline belongs to the thread.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Ends(threading.local):
    at: float = 0.0  # monotonic seconds; outside a deadline nothing may wait at all


_ends = _Ends()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything this thread does on the network inside ends within `seconds`, and with the block around it."""
    before = _ends.at
    end = time.monotonic() + seconds
    _ends.at = min(before, end) if before else end
    try:
        yield
    finally:
        _ends.at = before


def remaining() -> float:
    """Seconds left, more than 0; raises TimeoutError when there are none."""
    left = _ends.at - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left


def has_passed() -> bool:
    return time.monotonic() >= _ends.at


class _Bounded:
    """Mixed into a socket: before each call that may block, its timeout becomes what is left of the deadline.

    These four are the calls that http.client makes; a TLS handshake is one call too, and keeps to the timeout the
    socket had when it was wrapped.
    """

    def settimeout(self, value: float | None) -> None:
        """Sets a number of seconds; "for ever", which urllib3 asks for with each request, is not to be had."""
        if value is not None:
            super().settimeout(value)  # type: ignore[misc]

    def recv(self, *args: Any) -> bytes:
        self._keep_to_the_deadline()
        return super().recv(*args)  # type: ignore[misc, no-any-return]

    def recv_into(self, *args: Any) -> int:
        self._keep_to_the_deadline()
        return super().recv_into(*args)  # type: ignore[misc, no-any-return]

    def send(self, *args: Any) -> int:
        self._keep_to_the_deadline()
        return super().send(*args)  # type: ignore[misc, no-any-return]

    def sendall(self, *args: Any) -> None:
        self._keep_to_the_deadline()
        super().sendall(*args)  # type: ignore[misc]

    def _keep_to_the_deadline(self) -> None:
        """To a fiftieth: setting the timeout is a system call, in which another thread takes the interpreter."""
        left, timeout = remaining(), self.gettimeout()  # type: ignore[attr-defined]
        if timeout is None or not 0.98 * left <= timeout <= left:
            self.settimeout(0.99 * left)


class BoundedSocket(_Bounded, socket.socket):
    pass


class BoundedTLSSocket(_Bounded, ssl.SSLSocket):
    pass
