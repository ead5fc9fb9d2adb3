"""Answers of the registry that are kept back until something was done to whoever waits for them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chaos.world import World
    from tests.fakeregistry import Exchange

SECONDS_TO_ASK = 120  # the next poll of a repository comes by itself, be it that its lease has to run out first


class Kept:
    """A fault of the registry; the ports of those who wait are in `askers`, in the order in which they came."""

    def __init__(self) -> None:
        self.askers: SimpleQueue[int] = SimpleQueue()
        self._free = threading.Event()

    def __call__(self, exchange: Exchange) -> bool:
        self.askers.put(exchange.port)
        while not (self._free.wait(0.05) or exchange.registry.closing.is_set()):
            pass
        return False  # and is answered as usual

    def let_go(self) -> None:
        self._free.set()


@contextmanager
def kept_list(world: World, repository: str) -> Iterator[Kept]:
    """Its next list is kept back."""
    with _kept(world, f"/{repository}/tags/list", "GET", skip=0) as kept:
        yield kept


@contextmanager
def kept_looks(world: World, repository: str, skip: int = 3) -> Iterator[Kept]:
    """The registry answers so many looks at its tags, and keeps back the others."""
    with _kept(world, f"/{repository}/manifests/", "HEAD", skip=skip) as kept:
        yield kept


@contextmanager
def _kept(world: World, path: str, method: str, skip: int) -> Iterator[Kept]:
    kept = Kept()
    world.registry.fault(kept, path, method, skip=skip)
    try:
        yield kept
    finally:
        world.registry.heal()
        kept.let_go()
