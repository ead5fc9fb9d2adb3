"""The `manifest` map that Google's registries (GCR, Artifact Registry) send with a list of tags: all its digests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from .lookup import Observation
from .manifest import media_type_of
from .pages import Walk
from .reference import is_digest, is_tag_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def observations(walk: Walk) -> dict[str, Observation]:
    """By tag; empty for every other registry. Values are strings, and the case of keys varies."""
    return {
        tag: Observation(
            tag,
            digest,
            walk.sent_at,
            walk.received_at,
            _pushed_at(entry),
            media_type_of(entry.get("mediatype")) or None,
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


def _pushed_at(entry: dict[str, Any]) -> datetime | None:
    """None for what they send when they do not know: 0, or a moment in the year 1."""
    try:
        moment = _EPOCH + timedelta(milliseconds=int(entry["timeuploadedms"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    return moment if moment > _EPOCH else None
