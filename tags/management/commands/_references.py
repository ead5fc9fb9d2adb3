"""Image references as arguments of a command."""

from __future__ import annotations

import argparse
import datetime as dt

from django.core.management.base import CommandError

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


def not_watched(reference: Reference) -> CommandError:
    name = reference.name
    return CommandError(f"{name} is not watched: start with `manage.py watch {name}`.", returncode=2)


def watched_repository(reference: Reference) -> Repository | None:
    """The repository that a reference names, if it is known."""
    repositories = Repository.objects.select_related("registry")
    return repositories.filter(registry__address=reference.host, name=reference.path).first()


def chosen_repositories(references: list[Reference]) -> list[Repository]:
    """The repositories that are named, or all that there are. Raises CommandError for one that is not watched."""
    if not references:
        return list(Repository.objects.select_related("registry"))
    chosen = {named.name: watched_repository(named) for named in references}
    for named in references:
        if chosen[named.name] is None:
            raise not_watched(named)
    return [repository for repository in chosen.values() if repository is not None]
