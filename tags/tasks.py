"""The Celery tasks: the doorbell rings here, the work is in `polling`."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

import structlog
from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from regviewer.celery import app
from tags import describing, discovery, polling
from tags.models import Heartbeat, Registry, Repository

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

SECONDS_BETWEEN_DISPATCHES = 2
SECONDS_BETWEEN_DESCRIPTIONS = 60
REPOSITORIES_IN_FLIGHT = 100
TIME_BETWEEN_DISCOVERIES = dt.timedelta(minutes=10)


@app.on_after_finalize.connect
def ring_every_few_seconds(sender: Celery, **_: Any) -> None:
    # A doorbell that nobody heard in time is not rung again: the next one says the same.
    expires = SECONDS_BETWEEN_DISPATCHES * 5
    sender.add_periodic_task(SECONDS_BETWEEN_DISPATCHES, dispatch.s(), expires=expires)
    sender.add_periodic_task(SECONDS_BETWEEN_DESCRIPTIONS, hand_out_descriptions.s(), expires=expires)


@shared_task
def dispatch() -> None:
    """Claim what is due and hand it out; the claim, in the database, is what counts."""
    Heartbeat.beat(Heartbeat.DISPATCH)
    # What is handed out waits in a queue with its lease running: hand out no more than is worked off soon.
    room = REPOSITORIES_IN_FLIGHT - Repository.objects.leased().count()
    for repository_id, lease in Repository.objects.claim_due(limit=max(room, 0)):
        poll.delay(repository_id, str(lease))
    for registry_id in claim_discoveries():
        discover.delay(registry_id)


@shared_task
def poll(repository_id: int, lease: str) -> None:
    """Poll one repository, if the lease is still held; a second delivery of the same message finds it taken."""
    repository = Repository.objects.select_related("registry").filter(pk=repository_id).first()
    taken = repository and repository.take(uuid.UUID(lease))
    if repository and taken:
        log.info("polled", **dataclasses.asdict(polling.poll(repository, taken)))


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


def claim_discoveries() -> list[int]:
    """Which registries' catalogs are to be read now; the next time is set by whoever wins."""
    now = timezone.now()
    due = Registry.objects.filter(Q(next_discovery_at__isnull=True) | Q(next_discovery_at__lte=now), enabled=True)
    won = []
    for registry in due.exclude(patterns=""):
        mine = Registry.objects.filter(pk=registry.pk, next_discovery_at=registry.next_discovery_at)
        if mine.update(next_discovery_at=now + TIME_BETWEEN_DISCOVERIES):
            won.append(registry.pk)
    return won
