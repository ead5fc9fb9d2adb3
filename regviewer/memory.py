"""What a process does with memory it no longer needs."""

import ctypes
import sys
from contextlib import suppress

_M_MMAP_THRESHOLD = -3
_LARGE = 2**20


def give_large_buffers_back() -> None:
    """From now on, each buffer of 1 MiB or more goes back to the system when it is freed.

    Once glibc has seen a page of a list come and go, it keeps room for the next: up to 32 MiB in each thread's arena.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another libc, which gives everything back or cannot be told
            ctypes.CDLL("libc.so.6").mallopt(_M_MMAP_THRESHOLD, _LARGE)
