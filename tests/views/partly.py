"""A look that saw all but one tag."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from tags.models import Repository
from tags.registry import RegistryError, ServersDisagree, TimedOut
from tests.factories import NOW
from tests.listings import EXAMPLE, START, make_repository, record, seen

MINUTE = (NOW - START) // dt.timedelta(minutes=1)


def unanswered(tag: str, error: RegistryError | None = None) -> Repository:
    """The example, looked at an hour ago and just now, when one tag was listed and gave no answer."""
    error = error or TimedOut("registry timed out")
    repository = make_repository("shop/app", address="registry.example.com")
    record(repository, seen(EXAMPLE, MINUTE - 60))
    others = {name: content for name, content in EXAMPLE.items() if name != tag}
    listing = seen(others, MINUTE, failing=(tag,))
    record(repository, replace(listing, failures={tag: error}, error=error))
    return repository


def disputed(tag: str) -> Repository:
    """The same, when the registry's servers disagreed about the tag."""
    return unanswered(tag, ServersDisagree(f"registry.example.com gives two answers about {tag}"))
