"""What a list leaves out although it was there: a server may lag behind, so each such tag is asked for by itself."""

from collections.abc import Iterable, Set
from typing import NamedTuple, Self

from . import agreement
from .lookup import Observation


class LeftOut(NamedTuple):
    """The tags that are left out, and those that are asked for: where there are too many, some speak for all."""

    tags: Set[str]
    asked: Set[str]

    @classmethod
    def of(cls, tags: Set[str]) -> Self:
        return cls(*agreement.Sample.of(tags, agreement.MOST_TAGS))

    def kept(self, seen: Iterable[Observation], unanswered: Iterable[str]) -> Set[str]:
        """Those taken as listed after all: they are there, or nobody says that they are not."""
        there = {one.tag for one in seen if one.digest is not None}
        return self.tags & there.union(unanswered)

    def without_gone(self, seen: Iterable[Observation]) -> list[Observation]:
        """What was seen of all tags, but for those that are not there either: that they are not listed says it all."""
        return [one for one in seen if one.tag not in self.tags or one.digest is not None]

    def leaves_unsure(self, kept: Set[str]) -> bool:
        """Whether nobody can say which of the others are gone: some are kept, and not all were asked for."""
        return bool(kept and self.tags - self.asked)
