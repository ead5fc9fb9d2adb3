"""The threads of one client: each works with a slot of the registry's budget."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from .budget import Share
from .errors import Cancelled

Result = TypeVar("Result")


class Threads:
    """As many as the registry may be asked by at once; they live as long as the client."""

    def __init__(self, number: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(number, thread_name_prefix=name)
        self._closing = threading.Lock()
        self._closed = False

    def submit(self, share: Share, work: Callable[[], Result]) -> Future[Result]:
        """Has one do it with a slot of the share; raises Cancelled once they were closed."""

        def with_a_slot() -> Result:
            with share.working():
                return work()

        with self._closing:
            if self._closed:
                raise Cancelled("the client was closed")
            return self._executor.submit(with_a_slot)

    def close(self) -> None:
        """Takes on nothing more; what has begun ends as it would."""
        with self._closing:
            self._closed = True
            self._executor.shutdown(wait=False)
