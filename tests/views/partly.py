"""A look that saw all but one tag."""

from __future__ import annotations

import datetime as dt

from tags.models import Repository
from tests.factories import NOW
from tests.listings import EXAMPLE, START, make_repository, record, seen

MINUTE = (NOW - START) // dt.timedelta(minutes=1)


def unanswered(tag: str) -> Repository:
    """The example, looked at an hour ago and just now, when one tag was listed and gave no answer."""
    repository = make_repository("shop/app", address="registry.example.com")
    record(repository, seen(EXAMPLE, MINUTE - 60))
    others = {name: content for name, content in EXAMPLE.items() if name != tag}
    record(repository, seen(others, MINUTE, failing=(tag,)))
    return repository
