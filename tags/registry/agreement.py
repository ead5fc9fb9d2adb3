"""Whether all servers behind a registry's address say the same of a tag, as far as a few questions can tell."""

import random
from collections.abc import Callable, Iterable, Set

from .errors import RegistryError, ServersDisagree
from .listing import Listing
from .lookup import Observation

ANSWERS_TO_BE_SURE = 15
"""Further answers: two servers that are asked at random all the same look like one in 1 of 30,000 times."""

MOST_TAGS = 200
"""Asked again in one poll: of more, so many by chance speak for all."""


def some_of(tags: Set[str]) -> Set[str]:
    """As many as are asked for, which speak for all."""
    return {*random.sample(sorted(tags), min(len(tags), MOST_TAGS))}


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


def most_telling(failures: Iterable[RegistryError]) -> RegistryError:
    """Which one speaks for tags that nobody asked for again: that servers disagree, before any other trouble."""
    return max(failures, key=lambda error: isinstance(error, ServersDisagree))
