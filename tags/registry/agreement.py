"""Whether all servers behind a registry's address say the same of a tag, as far as a few questions can tell."""

import random
from collections.abc import Callable, Mapping, Set
from typing import NamedTuple, Self

from .errors import RegistryError, ServersDisagree
from .listing import Listing
from .lookup import Observation

ANSWERS_TO_BE_SURE = 15
"""Further answers: two servers that are asked at random all the same look like one in 1 of 30,000 times."""

MOST_TAGS = 200
"""Asked for in one poll: of more, so many by chance speak for all."""

MOST_GONE = 5
"""The same for tags that are not there: what lags behind lacks many at once, and to be told so takes two requests."""


class Sample(NamedTuple):
    """Tags of which the same is to be made sure, and those that are asked for."""

    tags: Set[str]
    asked: Set[str]

    @classmethod
    def of(cls, tags: Set[str], most: int) -> Self:
        return cls(tags, {*random.sample(sorted(tags), min(len(tags), most))})

    def failures(self, failures: Mapping[str, RegistryError]) -> dict[str, RegistryError]:
        """What failed of the tags asked for, and what that makes of all others.

        That servers disagree about one holds for all; any other trouble when most of those asked for met with some.
        """
        met = {tag: failures[tag] for tag in self.asked & failures.keys()}
        most = 2 * len(met) > len(self.asked)
        telling = [error for error in met.values() if most or isinstance(error, ServersDisagree)]
        telling.sort(key=lambda error: not isinstance(error, ServersDisagree))
        return (dict.fromkeys(self.tags - self.asked, telling[0]) if telling else {}) | met


def samples(listing: Listing, tags: Set[str]) -> tuple[Sample, Sample]:
    """Of these tags, those that are listed and were looked at, and those that are said not to be there."""
    looked_at = {seen.tag for seen in listing.observations} & tags
    return Sample.of(looked_at, MOST_TAGS), Sample.of(tags - listing.tags, MOST_GONE)


def first_answers(listing: Listing, tags: Set[str]) -> dict[str, Observation]:
    """What a listing says of these tags: of those that it leaves out, that they are not there."""
    left_out = {tag: Observation(tag, None, listing.sent_at, listing.received_at) for tag in tags - listing.tags}
    return left_out | {seen.tag: seen for seen in listing.observations if seen.tag in tags}


def agreed(look_up: Callable[[str], Observation], first: Observation, host: str) -> Observation:
    """The first answer, if all others are the same; raises ServersDisagree at the first other one."""
    for _ in range(ANSWERS_TO_BE_SURE):
        if look_up(first.tag).digest != first.digest:
            raise ServersDisagree(f"{host} gives two answers about {first.tag}: its servers are out of step")
    return first
