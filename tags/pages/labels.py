"""Images by what their labels say: `team=checkout`, or only `checkout`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.db.models import TextField
from django.db.models.functions import Cast

from tags.models import Image

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from tags.models import Repository

SHORTEST_VALUE = 4  # of fewer characters a value must be the whole one: else 2.1 would find every 12.1.3
MOST_IN_WORDS = 80  # characters of a label that are shown
# What every database keeps as it is when it writes a label's text down.
_PLAIN = re.compile(r"[A-Za-z0-9]+")


def labelled(repository: Repository, moment: dt.datetime | None, text: str) -> dict[str, str]:
    """The digests of a repository, now or as of `moment`, whose labels match: -> the label in words.

    One query, none for an empty text. The database looks for what it can find in the text of the labels, so that few
    of them need to be read.
    """
    if not text:
        return {}
    images = Image.objects.filter(digest__in=_digests(repository, moment)).exclude(labels={})
    for part in sorted(_PLAIN.findall(text), key=len)[-2:]:
        images = images.annotate(written=Cast("labels", TextField())).filter(written__icontains=part)
    found = images.values_list("digest", "labels")
    return {digest: words for digest, labels in found if (words := matching(labels, text))}


def _digests(repository: Repository, moment: dt.datetime | None) -> Any:
    now = repository.tags.order_by().filter(digest__isnull=False).values("digest")
    if moment is None:
        return now
    # What a tag was on then it is on still, or has left since.
    left = repository.movements.filter(before__gt=moment, from_digest__isnull=False)
    return now.union(left.values("from_digest"))


def matching(labels: Mapping[str, object], text: str) -> str:
    """The first of the labels that matches, in words; empty when none does.

    `key=value` takes the whole name of a label or what follows its last dot (`revision=` for any
    org.opencontainers.image.revision), and a part of its value.
    """
    typed = text.casefold()
    key, equals, part = typed.partition("=")
    for name, value in labels.items():
        said = str(value).casefold()
        named = equals and key.strip() in (name.casefold(), name.casefold().rpartition(".")[2]) and part.strip() in said
        if named or said == typed or (len(typed) >= SHORTEST_VALUE and typed in said):
            return f"{name}={value}"[:MOST_IN_WORDS]
    return ""
