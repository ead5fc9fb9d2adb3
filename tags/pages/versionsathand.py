"""The versions of the repositories on a page, read once: they name images, and lie between two of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Count

from tags.models import Tag
from tags.versions import Role

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection

# Of a repository that has more they are not read: of a drift there only the days are told, on every page and whatever
# else is on it.
MOST_VERSIONS = 2_000


class Version(NamedTuple):
    repository_id: int
    digest: str
    name: str
    has_image: bool


class AtHand(NamedTuple):
    """All versions of these repositories that are there, or were."""

    repositories: Collection[int]
    versions: Collection[Version]

    @property
    def images(self) -> dict[int, list[list[str]]]:
        """The version tags of each image in each repository, without those whose image is missing."""
        found: dict[int, defaultdict[str, list[str]]] = {pk: defaultdict(list) for pk in self.repositories}
        for version in self.versions:
            if version.has_image:
                found[version.repository_id][version.digest].append(version.name)
        return {repository: list(images.values()) for repository, images in found.items()}


NOTHING = AtHand((), ())


def versions_at_hand(repositories: Collection[int], moment: dt.datetime | None) -> AtHand:
    """Those of the repositories that have not too many, now or at `moment`; two queries."""
    versions = Tag.objects.filter(repository__in=repositories, role=Role.VERSION).order_by()
    versions = versions if moment else versions.present()
    counts = versions.values("repository").annotate(count=Count("pk")).filter(count__gt=MOST_VERSIONS)
    few = set(repositories) - set(counts.values_list("repository", flat=True))
    readable = versions.filter(repository__in=few)
    facts = (
        readable.at(moment).values_list("repository_id", "digest_then", "name", "missing_then")
        if moment
        else readable.values_list("repository_id", "digest", "name", "state")
    )
    there = [
        Version(repository, digest, name, not missing if moment else missing != Tag.State.MISSING)
        for repository, digest, name, missing in facts
        if digest  # else it was only coming, or nobody has looked yet
    ]
    return AtHand(few, there)
