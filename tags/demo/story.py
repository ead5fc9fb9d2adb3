"""What happens to `app`: versions are built, tested and released, and now and then one has to be taken back."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

RELEASES_FROM_ONE_BAD_TO_THE_NEXT = 3

# The picture of the README.
BEGINNING = {
    **{version: version for version in ("1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2")},
    "rollback": "1.3",
    "production": "2.0",
    "perftesting": "2.1",
    "qatesting": "2.1",
    "latest": "2.2",
}


def story() -> Iterator[dict[str, str]]:
    """Yield without end which tags are on which version from now on, first all of them, then those that move."""
    yield BEGINNING
    production, tested, newest = "2.0", "2.1", "2.2"
    for release in count(1):
        yield {"production": tested, "rollback": production}
        production, rollback = tested, production
        yield {"qatesting": newest}
        if release % RELEASES_FROM_ONE_BAD_TO_THE_NEXT == 0:
            production, bad = rollback, production
            yield {"production": production}
            yield {"production": bad}  # it was not the version's fault
            production = bad
        yield {"perftesting": newest}
        tested, newest = newest, f"2.{release + 2}"
        yield {newest: newest, "latest": newest}
