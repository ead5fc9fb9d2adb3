"""From the body of a webhook to the tags it speaks of, whoever sent it.

A body is known by its shape, not by who is said to send it: all shapes differ, and one registry can send several.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from ..reference import InvalidReference, Reference, is_digest, is_repository_name, is_tag_name
from . import senders

Action = Literal["push", "delete"]


class Unreadable(ValueError):
    """The body is no JSON object."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A tag was put on an image, or taken away; `digest` is None when it was not told, or is none."""

    host: str | None  # None: the sender did not say where
    repository: str
    tag: str
    digest: str | None
    action: Action


def read(body: bytes) -> list[Announcement]:
    """The moves of tags that a body tells of, each once; pulls, pings and what has no tag are none.

    Raises Unreadable for what is not JSON.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is no JSON") from error
    if not isinstance(event, dict):
        raise Unreadable("the body is no JSON object")
    found = (_checked(*claim) for claim in senders.claims(event))
    return list(dict.fromkeys(announcement for announcement in found if announcement is not None))


def _checked(action: Any, host: Any, repository: Any, tag: Any, digest: Any) -> Announcement | None:
    """None for what cannot be a tag in a repository, whatever the sender says."""
    if not (isinstance(repository, str) and isinstance(tag, str) and action in ("push", "delete")):
        return None
    if not (is_repository_name(repository.lower()) and is_tag_name(tag)):
        return None
    known = digest if isinstance(digest, str) and is_digest(digest) else None
    return Announcement(_host(host), repository.lower(), tag, known, action)


def _host(host: Any) -> str | None:
    try:
        return Reference.parse(f"{host}/image").host if isinstance(host, str) and host else None
    except InvalidReference:
        return None
