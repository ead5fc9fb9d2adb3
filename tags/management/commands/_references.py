"""Image references as arguments of a command."""

from __future__ import annotations

import argparse
import datetime as dt

from tags.models import Repository
from tags.moments import InvalidMoment, parse_moment
from tags.registry import InvalidReference, Reference


def reference(text: str) -> Reference:
    """Read an argument as an image reference."""
    try:
        return Reference.parse(text)
    except InvalidReference as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def moment(text: str) -> dt.datetime:
    """Read an argument as a moment."""
    try:
        return parse_moment(text)
    except InvalidMoment as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def watched_repository(reference: Reference) -> Repository | None:
    """The repository that a reference names, if it is known."""
    repositories = Repository.objects.select_related("registry")
    return repositories.filter(registry__address=reference.host, name=reference.path).first()
