"""The state of each registry, told by its repositories."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from tags.pages.freshness import LABELS, Freshness, State, freshness
from tags.pages.journal import Entry, of_gaps

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from tags.models import Registry, Repository
    from tags.timeline import Gap

WORST_FIRST = (State.FAILING, State.LATE, State.PARTIAL, State.FRESH, State.NEW, State.PAUSED)
COUNTED = {
    State.FRESH: ngettext_lazy("%d up to date", "%d up to date"),
    State.PARTIAL: ngettext_lazy("%d partly checked", "%d partly checked"),
    State.LATE: ngettext_lazy("%d late", "%d late"),
    State.FAILING: ngettext_lazy("%d failing", "%d failing"),
    State.PAUSED: ngettext_lazy("%d paused", "%d paused"),
    State.NEW: ngettext_lazy("%d not looked at yet", "%d not looked at yet"),
}
MOST_LISTED = 50  # repositories in good health, of one registry


@dataclass(frozen=True, slots=True)
class Then:
    """Whether a repository was watched at a moment in the past; `reason`: why not."""

    reason: str

    @property
    def state(self) -> str:
        return "unknown" if self.reason else "watched"


@dataclass(frozen=True, slots=True)
class Watched:
    """A repository as it is, and `then`, when the page is about the past, as it was watched."""

    repository: Repository
    freshness: Freshness
    is_due: bool
    then: Then | None = None

    @property
    def is_trouble(self) -> bool:
        return bool(self.then.reason) if self.then else self.freshness.is_warning


@dataclass(frozen=True, slots=True)
class Report:
    """One registry: its repositories, those in trouble first, and the gaps they had."""

    registry: Registry
    repositories: tuple[Watched, ...]
    gaps: tuple[Entry, ...]
    silent_until: dt.datetime | None
    """Nothing is sent to it before, for it had too many requests."""

    @property
    def state(self) -> State:
        """The state of all when they agree, now; of the worst when they don't."""
        if not self.registry.enabled:
            return State.PAUSED
        states = {watched.freshness.state for watched in self.repositories}
        return next((state for state in WORST_FIRST if state in states), State.NEW)

    @property
    def unknown(self) -> int:
        """How many repositories nobody watched at the moment the page is about."""
        return sum(bool(watched.then and watched.then.reason) for watched in self.repositories)

    @property
    def words(self) -> str:
        """How many repositories are in another state than the label says: "12 up to date, 1 paused"."""
        if not self.repositories:
            return _("No repository of it is watched yet.")
        return ", ".join(_counted(state, count) for state, count in self._counts.items() if state != self.state)

    @property
    def label(self) -> str:
        """The state, and of how many repositories it is where not of all: "1 failing"."""
        if not self.repositories and self.registry.enabled:
            return _("nothing watched")
        count = self._counts[self.state]
        return str(LABELS[self.state]) if count == len(self.repositories) else _counted(self.state, count)

    @property
    def _counts(self) -> dict[State, int]:
        counts = Counter(watched.freshness.state for watched in self.repositories)
        return {state: counts[state] for state in State if counts[state]}

    @property
    def listed(self) -> tuple[Watched, ...]:
        return self.repositories[:MOST_LISTED]

    @property
    def unlisted(self) -> int:
        return max(len(self.repositories) - MOST_LISTED, 0)


def _counted(state: State, count: int) -> str:
    return str(COUNTED[state] % count)


def reports(
    registries: Sequence[Registry],
    repositories: Sequence[Repository],
    gaps: Sequence[tuple[Repository, Gap]],
    now: dt.datetime,
    unknown: Mapping[int, str] | None = None,
) -> list[Report]:
    """One report for each registry; `unknown` tells why repositories were not watched at a moment in the past."""
    watched: defaultdict[int, list[Watched]] = defaultdict(list)
    for repository in repositories:
        watched[repository.registry_id].append(
            Watched(
                repository,
                freshness(repository, now),
                repository.next_poll_at <= now,
                None if unknown is None else Then(unknown.get(repository.pk, "")),
            )
        )
    missed: defaultdict[int, list[tuple[Repository, Gap]]] = defaultdict(list)
    for repository, gap in gaps:
        missed[repository.registry_id].append((repository, gap))
    return [
        Report(
            registry,
            tuple(sorted(watched[registry.pk], key=lambda one: (not one.is_trouble, one.repository.name))),
            tuple(of_gaps(missed[registry.pk], now)),
            registry.throttled_until if registry.silence(now) else None,
        )
        for registry in registries
    ]
