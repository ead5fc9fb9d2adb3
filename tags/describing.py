"""The crossing of wire and database for images: what is behind a digest is read once, apart from all polls."""

from __future__ import annotations

import datetime as dt
import time
from itertools import chain

from django.db.models import Q

from tags.clients import client_for
from tags.models import Image, Movement, Registry, Tag, databaseclock
from tags.models.throttled import LONGEST_WINDOW
from tags.registry import BadAnswer, Forbidden, RegistryError, RepositoryMissing, ServerError, Tally

IMAGES_AT_A_TIME = 50
SECONDS_AT_A_TIME = 45
LATELY = dt.timedelta(days=7)
"""So long a movement keeps its old image worth reading, and may still turn out to be none."""

NEVER_BETTER = (BadAnswer, Forbidden, RepositoryMissing)
"""What a registry says of one image, and will say again."""


def registries_with_new_images() -> list[int]:
    """The registries that may be asked for what can wait, if there is anything to be read at all."""
    now = databaseclock.now()
    if not Image.objects.due(now).exists():
        return []
    others = Registry.objects.to_leave_alone(now) | Registry.objects.to_try_with_care(now)
    return list(Registry.objects.filter(enabled=True).exclude(pk__in=others).values_list("pk", flat=True))


def describe(registry: Registry) -> int:
    """Read the images of a registry that nobody has read yet, as many as there is room for; how many those are.

    What pointers point to comes first, then what they were moved away from lately, then the rest, newest first. Ends
    early when the registry is in trouble, or half of its quota is used up: people have to pull from there too.
    """
    now = databaseclock.now()
    end = time.monotonic() + SECONDS_AT_A_TIME
    sent = Tally()
    read = 0
    for digest, repository in _wanted(registry, now).items():
        if _is_scarce(registry, sent, now) or time.monotonic() > end:
            break
        image = Image.objects.due(now).filter(pk=digest).first()
        if image is None or not image.claim(databaseclock.now()):
            continue
        try:
            image.describe(client_for(registry).describe(repository, digest, sent))
            read += 1
        except NEVER_BETTER:
            image.give_up()
        except ServerError:
            pass  # of this image, perhaps, or of the registry: it is asked again later
        except RegistryError:
            break
    settle_republished()
    return read


def settle_republished() -> int:
    """Tell of late movements whose two images turned out to be the same that nothing changed; how many those are."""
    return Movement.objects.filter(before__gte=databaseclock.now() - LATELY).settle_republished()


def _wanted(registry: Registry, now: dt.datetime) -> dict[str, str]:
    """Digest -> path of a repository that has it, of the images to be read next."""
    due = Image.objects.due(now).values("digest")
    here = Q(repository__registry=registry, repository__enabled=True)
    tags = Tag.objects.filter(here, state=Tag.State.PRESENT, digest__in=due).order_by("-before")
    left = Movement.objects.filter(here, before__gte=now - LATELY, from_digest__in=due).order_by("-before")
    rows = chain(
        tags.pointers().values_list("digest", "repository__name")[:IMAGES_AT_A_TIME],
        left.values_list("from_digest", "repository__name")[:IMAGES_AT_A_TIME],
        tags.values_list("digest", "repository__name")[:IMAGES_AT_A_TIME],
    )
    wanted: dict[str, str] = {}
    for digest, repository in rows:
        if digest is not None and len(wanted) < IMAGES_AT_A_TIME:
            wanted.setdefault(digest, repository)
    return wanted


def _is_scarce(registry: Registry, sent: Tally, now: dt.datetime) -> bool:
    """Whether less than half of what the registry lets us ask is left; reading a manifest counts as a pull."""
    if sent.quota:
        return 2 * sent.quota.remaining < sent.quota.limit
    limit, remaining, seen_at = registry.quota_limit, registry.quota_remaining, registry.quota_seen_at
    if limit is None or remaining is None or seen_at is None or seen_at < now - LONGEST_WINDOW:
        return False
    return 2 * remaining < limit
