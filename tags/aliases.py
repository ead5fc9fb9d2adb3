"""Which tags are the same image: groups of one digest, and the picture of them as text."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tags.versions import Role, also_known_as, image_name, is_floating, shown_versions, sort_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tags.versions import SortKey

    NamedDigest = tuple[str, str | None, Role]

MOST_DRAWN = 20  # aliases under one name: a thousand tags on one digest would make a million lines


@dataclass(frozen=True, slots=True)
class AliasGroup:
    """Tags of one digest: versions from lowest to highest, pointers alphabetically; `version` is what to call it."""

    digest: str
    versions: tuple[str, ...]
    pointers: tuple[str, ...]
    version: str | None
    also_known_as: tuple[str, ...]

    @property
    def shown(self) -> tuple[str, ...]:
        """The names that `version` is made of: one, or two that are joined; without a version one in part."""
        others = frozenset(self.also_known_as)
        whole = tuple(name for name in self.versions if name not in others)
        return whole or tuple(shown_versions(filter(is_floating, self.pointers)))


def group_of(digest: str, versions: Collection[str], pointers: Collection[str]) -> AliasGroup:
    """The group of one digest from the names that it has."""
    also = tuple(also_known_as(versions)) if len(versions) > 1 else ()
    return AliasGroup(
        digest,
        tuple(sorted(versions, key=sort_key)),
        tuple(sorted(pointers, key=alphabetical)),
        image_name(versions, pointers),
        also,
    )


def height(versions: Collection[str]) -> SortKey:
    """Where an image with these version tags stands among others: its highest shown name decides.

    A date among the aliases of 1.4 doesn't put it above 2.0.
    """
    if len(versions) == 1:  # as of nearly all images
        return sort_key(*versions)
    return max(map(sort_key, shown_versions(versions)))


def group_by_digest(tags: Iterable[NamedDigest]) -> list[AliasGroup]:
    """Groups in version order, then those without a version; leaves out attachments and tags without an image."""
    versions: defaultdict[str, list[str]] = defaultdict(list)
    pointers: defaultdict[str, list[str]] = defaultdict(list)
    for name, digest, role in tags:
        if digest is not None and role is not Role.ATTACHMENT:
            (versions if role is Role.VERSION else pointers)[digest].append(name)
    groups = [
        group_of(digest, versions.get(digest, ()), pointers.get(digest, ())) for digest in {**versions, **pointers}
    ]
    numbered = [group for group in groups if group.versions]
    nameless = [group for group in groups if not group.versions]
    return [
        *sorted(numbered, key=lambda group: height(group.versions)),
        *sorted(nameless, key=lambda group: tuple(map(alphabetical, group.pointers))),
    ]


def draw(image: str, tags: Iterable[NamedDigest]) -> str:
    """Every tag of `image` with an arrow to each other tag of its digest: lines without a final line break.

    Versions stand first, then pointers. All arrows end in one column, two past the longest name that has one.
    """
    tags = [tag for tag in tags if tag[2] is not Role.ATTACHMENT]
    same = {group.digest: (*group.versions, *group.pointers) for group in group_by_digest(tags)}
    with_alias = [len(name) for name, digest, _role in tags if len(same.get(digest or "", ())) > 1]
    end = len(image) + 1 + max(with_alias, default=0) + 3
    versions = sorted((tag for tag in tags if tag[2] is Role.VERSION), key=lambda tag: sort_key(tag[0]))
    pointers = sorted((tag for tag in tags if tag[2] is Role.POINTER), key=lambda tag: alphabetical(tag[0]))
    lines: list[str] = []
    for name, digest, _role in (*versions, *pointers):
        left = f"{image}:{name}"
        if digest is None:
            lines.append(f"{left} (its image is missing)")
        else:
            lines += _arrows(left, [alias for alias in same[digest] if alias != name], end)
    return "\n".join(lines)


def _arrows(left: str, aliases: list[str], end: int) -> Iterator[str]:
    """One line per alias; `end` is the column after the arrows' heads."""
    if not aliases:
        yield left
        return
    dropped = len(aliases) - MOST_DRAWN
    if dropped > 0:
        aliases = [*aliases[:MOST_DRAWN], f"and {dropped} more"]
    bend = min(len(left), end - 4)
    yield f"{left} {'>':->{end - len(left) - 1}} {aliases[0]}"
    for alias in aliases[1:]:
        yield f"{' ' * bend}\\{'>':->{end - bend - 1}} {alias}"


def alphabetical(name: str) -> tuple[str, str]:
    """How pointers are sorted."""
    return name.lower(), name
