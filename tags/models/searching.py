"""Names as a search compares them: capital letters, and marks that an index of trigrams does not pass over."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import CharField, Func

# pg_trgm splits names at what is no letter and no digit, so that 2.1 would be found in every name with a 1. In capitals
# small letters are free to stand for the marks; they also keep "_" from being LIKE's any letter.
MARKS = str.maketrans(".-_", "xyz")
LAST = "\U0010ffff"
SHORTEST_PART = 3  # letters: of fewer there is no trigram, and every second name has them somewhere
DIGEST = "0123456789abcdef"
ALGORITHMS = ("sha256", "sha384", "sha512")
SHORTEST_DIGEST = 4


class Indexed(Func):
    """The expression over which migration 0005 makes the index of trigrams; changing one means changing both."""

    arity = 1
    template = "REPLACE(REPLACE(REPLACE(UPPER(%(expressions)s), '.', 'x'), '-', 'y'), '_', 'z')"
    output_field: ClassVar[CharField[str, str]] = CharField()


def as_indexed(text: str) -> str:
    """What `Indexed` makes of a name."""
    return text.upper().translate(MARKS)


def digest_ranges(text: str) -> list[tuple[str, str]]:
    """From where to where digests go that begin with the text, which may leave out the algorithm; none for other text.

    A range and not LIKE: an index in a language's order serves it too, for digests are of one alphabet.
    """
    algorithm, colon, typed = text.lower().rpartition(":")
    if len(typed) < SHORTEST_DIGEST or set(typed) - set(DIGEST) or (colon and not algorithm.isalnum()):
        return []
    return [(f"{one}:{typed}", f"{one}:{typed}g") for one in ([algorithm] if colon else ALGORITHMS)]
