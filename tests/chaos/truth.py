"""What is really so in the registry: every state of every tag, and when it began."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.fakeregistry import FakeRegistry

POINTERS = ("latest", "nightly", "perftesting", "production", "qatesting", "rollback")
VERSIONS = tuple(f"{major}.{minor}.0" for major in range(1, 4) for minor in range(6))


class State(NamedTuple):
    """From some moment between these two on (seconds since the epoch) the tag was on the digest; None: it was gone."""

    first: float
    last: float
    digest: str | None


@dataclass(frozen=True, slots=True)
class Tag:
    repository: str
    name: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.name}"


class Truth:
    """Moves tags in a registry and remembers when; the registry answers meanwhile."""

    def __init__(self, registry: FakeRegistry, repositories: int, seed: int) -> None:
        self._registry = registry
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.builds = Counter[str]()  # by repository
        self.states: defaultdict[Tag, list[State]] = defaultdict(list)
        self.repositories = [f"team/app{number}" for number in range(repositories)]
        for repository in self.repositories:
            for version in VERSIONS:
                self._push(Tag(repository, version), f"{repository} {version}")
            for pointer in POINTERS:
                self._push(Tag(repository, pointer), f"{repository} {self._random.choice(VERSIONS)}")

    def move(self) -> None:
        """One thing that people do: promote a version, several pointers together, a new build, a deletion, a return."""
        with self._lock:
            repository = self._random.choice(self.repositories)
            pointer = Tag(repository, self._random.choice(POINTERS))
            action = self._random.random()
            if action < 0.15:
                self._build(pointer)
            elif action < 0.3 and self.now(pointer) is not None:
                self._remove(pointer)
            else:
                content = f"{repository} {self._random.choice(VERSIONS)}"
                together = self._random.sample(POINTERS, 2) if action > 0.85 else [pointer.name]
                for name in together:
                    self._push(Tag(repository, name), content)

    def build(self, repository: str) -> None:
        """One that changes something for certain."""
        with self._lock:
            self._build(Tag(repository, self._random.choice(POINTERS)))

    def now(self, tag: Tag) -> str | None:
        return self.states[tag][-1].digest

    def _build(self, pointer: Tag) -> None:
        self.builds[pointer.repository] += 1
        self._push(pointer, f"{pointer.repository} build {self.builds[pointer.repository]}")

    def _push(self, tag: Tag, content: str) -> None:
        first = time.time()
        digest = self._registry.push(tag.repository, tag.name, content)
        self._note(tag, first, digest)

    def _remove(self, tag: Tag) -> None:
        first = time.time()
        self._registry.delete(tag.repository, tag.name)
        self._note(tag, first, None)

    def _note(self, tag: Tag, first: float, digest: str | None) -> None:
        states = self.states[tag]
        if not states or states[-1].digest != digest:
            states.append(State(first, time.time(), digest))
