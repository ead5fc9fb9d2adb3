"""The `manifest` map that Google's registries send with a list of tags, and proxies before them: all its digests."""

from collections.abc import Iterator
from typing import Any

from .lookup import Observation
from .manifest import media_type_of
from .pages import Walk
from .reference import is_digest, is_tag_name


def observations(walk: Walk) -> dict[str, Observation]:
    """By tag; empty for every other registry. The case of keys varies.

    Without `pushed_at`: their `timeUploadedMs` tells when the manifest came, and a tag may be put on it years later.
    """
    return {
        tag: Observation(
            tag,
            digest,
            walk.sent_at,
            walk.received_at,
            media_type=media_type_of(entry.get("mediatype")) or None,
        )
        for digest, entry in _entries(walk)
        for tag in entry.get("tag") or ()
        if isinstance(tag, str) and is_tag_name(tag)
    }


def _entries(walk: Walk) -> Iterator[tuple[str, dict[str, Any]]]:
    for digest, entry in walk.extras.items():
        if is_digest(digest) and isinstance(entry, dict):
            folded = {key.lower(): value for key, value in entry.items()}
            if isinstance(folded.get("tag", []), list | None):
                yield digest, folded
