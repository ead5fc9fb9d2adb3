"""Listings made by hand: what a poll saw, without a registry."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import time_machine

from tags.models import AskAgain, Registry, Repository
from tags.registry import Listing, Observation, RegistryError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tags.models import Movement

START = dt.datetime(2026, 5, 4, 8, 0, tzinfo=dt.UTC)
EXAMPLE = {
    **{version: version for version in ("1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2")},
    "latest": "2.2",
    "perftesting": "2.1",
    "production": "2.0",
    "qatesting": "2.1",
    "rollback": "1.3",
}
# What the example looks like as text, to the letter.
PICTURE = """\
app:1.0
app:1.1
app:1.2
app:1.3 ---------> rollback
app:2.0 ---------> production
app:2.1 ---------> perftesting
       \\---------> qatesting
app:2.2 ---------> latest
app:latest ------> 2.2
app:perftesting -> 2.1
              \\--> qatesting
app:production --> 2.0
app:qatesting ---> 2.1
             \\---> perftesting
app:rollback ----> 1.3
"""
SECOND = dt.timedelta(seconds=1)


def digest(content: str) -> str:
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()}"


def at(minute: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


def seen(
    tags: Mapping[str, str | None],
    minute: float,
    *,
    failing: tuple[str, ...] = (),
    error: RegistryError | None = None,
    pushed: Mapping[str, dt.datetime] | None = None,
    wait: float | None = None,
    listed: Collection[str] = (),
    **more: Any,
) -> Listing:
    """What a poll at that minute saw: tag -> content (None: no image behind it).

    The list is asked for on the minute and comes a second later, the looks go out at +2 s and are answered at +3 s.
    `failing` tags are listed and give no answer (but how many seconds to `wait`); an `error` makes the list incomplete.
    `listed` tags are there and nobody looks at them. `more` is what else a Listing holds.
    """
    moment = at(minute)
    failed = TimedOut("registry timed out", retry_after=wait)
    return Listing(
        repository="app",
        tags=frozenset((*tags, *failing, *listed)),
        observations=tuple(
            Observation(
                tag=tag,
                digest=digest(content) if content is not None else None,
                sent_at=moment + 2 * SECOND,
                received_at=moment + 3 * SECOND,
                pushed_at=(pushed or {}).get(tag),
                media_type="application/vnd.oci.image.index.v1+json",
            )
            for tag, content in tags.items()
        ),
        failures=dict.fromkeys(failing, failed),
        complete=error is None,
        error=error or (failed if failing else None),
        sent_at=moment,
        received_at=moment + SECOND,
        requests=1 + len(tags),
        refused_names=0,
        **more,
    )


def make_repository(name: str = "app", *, address: str = "127.0.0.1:5000", interval: int = 300) -> Repository:
    registry, _added = Registry.objects.get_or_create(address=address, defaults={"plain_http": True})
    return Repository.objects.create(registry=registry, name=name, interval=interval)


def record(repository: Repository, listing: Listing, cursor: str = "") -> list[Movement]:
    """Record as a poll does that ends four seconds after it began, at that time; who is asked again says the same."""
    with time_machine.travel(listing.sent_at, tick=False) as clock:
        lease = repository.claim()
        assert lease is not None
        clock.shift(4 * SECOND)
        try:
            return repository.record(listing, lease, cursor)
        except AskAgain as doubt:
            return repository.record(replace(listing, asked_again=frozenset(doubt.tags)), lease, cursor)
