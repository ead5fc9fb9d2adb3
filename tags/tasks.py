"""The Celery tasks: the doorbell rings here, the work is in `polling`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from regviewer.celery import app
from tags import describing, discovery, polling, retention
from tags.models import Heartbeat, Registry, Repository, databaseclock
from tags.models.queued import WAITING_FOR_EACH_PROCESS

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

SECONDS_BETWEEN_DISPATCHES = 1
SECONDS_TO_HEAR = 10  # a ring of the doorbell: the next one says the same
SECONDS_OF_A_DISPATCH = 0.7  # as long as more is due than is handed out at once
SECONDS_BETWEEN_HANDFULS = 0.2
SECONDS_OF_A_SITTING = 30  # in which a worker begins poll after poll, and part after part of a long list
SECONDS_BETWEEN_COUNTS = 10
SECONDS_BETWEEN_DESCRIPTIONS = 60
SECONDS_BETWEEN_PRUNINGS = 600
SECONDS_TO_PRUNE = 300  # then polls have the worker again
SECONDS_TO_REPLY = 1
LEAST_WAITING = 32  # where there are few processes
TIME_BETWEEN_DISCOVERIES = dt.timedelta(minutes=10)


@app.on_after_finalize.connect
def ring_every_few_seconds(sender: Celery, **_: Any) -> None:
    sender.add_periodic_task(SECONDS_BETWEEN_DISPATCHES, dispatch.s(), expires=SECONDS_TO_HEAR)
    sender.add_periodic_task(SECONDS_BETWEEN_COUNTS, count_workers.s(), expires=SECONDS_TO_HEAR)
    sender.add_periodic_task(SECONDS_BETWEEN_DESCRIPTIONS, hand_out_descriptions.s(), expires=SECONDS_TO_HEAR)
    if settings.KEEP_MOVEMENTS_DAYS:
        sender.add_periodic_task(SECONDS_BETWEEN_PRUNINGS, prune.s(), expires=SECONDS_BETWEEN_PRUNINGS)


@shared_task
def dispatch() -> None:
    """Claim what is due and hand it out, handful by handful; the claim, in the database, is what counts."""
    Heartbeat.beat(Heartbeat.DISPATCH)
    Repository.objects.set_aside()
    Repository.objects.set_right()
    processes = Heartbeat.processes_of(Heartbeat.WORKERS)
    for registry_id in claim_discoveries():
        discover.delay(registry_id)
    if Repository.objects.waiting().exists():
        ring()  # who was told of it may be gone, and so may the message
    end = time.monotonic() + SECONDS_OF_A_DISPATCH
    while hand_out(processes) and time.monotonic() < end:
        time.sleep(SECONDS_BETWEEN_HANDFULS)


def hand_out(processes: int) -> bool:
    """Hand out as many as are taken soon; returns whether there may be more."""
    share = share_of(processes)
    most = max(LEAST_WAITING, WAITING_FOR_EACH_PROCESS * processes)
    room = most - Repository.objects.waiting_for_a_process(share).count()
    if room < most / 2:
        return True  # so many wait that none is idle until it is asked again
    claimed = Repository.objects.claim_due(limit=room, share=share)
    idle = processes - Repository.objects.in_work().count()
    for _ in claimed[: max(idle, 1)]:  # each process that comes takes one after the other, as those at work do
        ring()
    return len(claimed) >= room


def ring() -> None:
    """Tell a worker that something was handed out."""
    poll.apply_async(expires=SECONDS_TO_HEAR)


@shared_task
def count_workers() -> None:
    """Ask all workers how many polls they can run at a time; none answers while the broker is away."""
    replies = app.control.inspect(timeout=SECONDS_TO_REPLY).stats() or {}
    if processes := sum(int(worker["pool"]["max-concurrency"]) for worker in replies.values()):
        Heartbeat.beat(Heartbeat.WORKERS, processes)


def share_of(processes: int) -> int:
    """How many polls of one registry may be in work: half, so that no other waits for it; all if there is none."""
    watched = Repository.objects.filter(registry=OuterRef("pk"), enabled=True)
    registries = Registry.objects.filter(Exists(watched), enabled=True).order_by().values("pk")
    return processes if len(registries[:2]) < 2 else max(processes // 2, 1)


@shared_task
def poll() -> None:
    """Poll what was handed out, one after the other, until none is left; other processes do the same.

    A message that comes twice, or late, finds less to take, or nothing.
    """
    share = share_of(Heartbeat.processes_of(Heartbeat.WORKERS))
    end = time.monotonic() + SECONDS_OF_A_SITTING
    try:
        while time.monotonic() < end and (claim := Repository.objects.take(share=share)):
            at_hand = Repository.objects.select_related("registry", "sweep", "inventory")
            if repository := at_hand.filter(pk=claim.pk).first():
                log.info("polled", **dataclasses.asdict(polling.poll(repository, claim.lease, end=end)))
    finally:
        # Be it that a mistake of ours has ended this. What only waits for polls of its registry is left to those at it.
        if Repository.objects.waiting_for_a_process(share).exists():
            ring()


@shared_task
def discover(registry_id: int) -> None:
    """Look for repositories that a registry's patterns ask for."""
    registry = Registry.objects.filter(pk=registry_id).first()
    if registry is not None:
        discovery.discover(registry)


@shared_task
def hand_out_descriptions() -> None:
    """Have the images read that polls found; each is claimed by whoever reads it, so a task too many does no harm."""
    describing.settle_republished()
    for registry_id in describing.registries_with_new_images():
        describe.apply_async((registry_id,), expires=SECONDS_BETWEEN_DESCRIPTIONS)


@shared_task
def describe(registry_id: int) -> None:
    """Read some of a registry's images that nobody has read yet."""
    registry = Registry.objects.filter(pk=registry_id).first()
    if registry is not None:
        describing.describe(registry)


@shared_task
def prune() -> None:
    """Delete what has become too old, until nothing is or the next ring goes on."""
    if retention.is_due(databaseclock.now()):
        log.info("pruned", **dataclasses.asdict(retention.prune(seconds=SECONDS_TO_PRUNE)))


def claim_discoveries() -> list[int]:
    """Which registries' catalogs are to be read now; the next time is set by whoever wins."""
    now = databaseclock.now()
    due = Registry.objects.filter(Q(next_discovery_at__isnull=True) | Q(next_discovery_at__lte=now), enabled=True)
    won = []
    for registry in due.exclude(patterns=""):
        mine = Registry.objects.filter(pk=registry.pk, next_discovery_at=registry.next_discovery_at)
        if mine.update(next_discovery_at=now + TIME_BETWEEN_DISCOVERIES):
            won.append(registry.pk)
    return won
