"""Names as a search compares them: capital letters, and marks that an index of trigrams does not pass over."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from django.db.models import CharField, Func, Q

# pg_trgm splits names at what is no letter and no digit, so that 2.1 would be found in every name with a 1. In capitals
# small letters are free to stand for the marks; they also keep "_" from being LIKE's any letter.
MARKS = str.maketrans(".-_", "xyz")
LAST = "\U0010ffff"
SHORTEST_PART = 3  # letters: of fewer there is no trigram, and every second name has them somewhere
DIGITS = frozenset("0123456789abcdef")
ALGORITHMS = ("sha256", "sha384", "sha512")
SHORTEST_DIGEST = 4  # digits, where no algorithm says what they are: of fewer every tenth image would match


class Indexed(Func):
    """The expression over which migration 0005 makes the index of trigrams; changing one means changing both."""

    arity = 1
    template = "REPLACE(REPLACE(REPLACE(UPPER(%(expressions)s), '.', 'x'), '-', 'y'), '_', 'z')"
    output_field: ClassVar[CharField[str, str]] = CharField()


def as_indexed(text: str) -> str:
    """What `Indexed` makes of a name."""
    return text.upper().translate(MARKS)


@lru_cache(maxsize=64)  # a filter holds every digest of a page against the same text
def digest_ranges(text: str) -> tuple[tuple[str, str], ...]:
    """From where to where digests go that begin with the text, which may leave out the algorithm; none for other text.

    Before a digest may stand whose it is, as docker and kubectl write it: shop/app@sha256:0f9e8d7.

    A range and not LIKE: an index in a language's order serves it too, for digests are of one alphabet.
    """
    algorithm, colon, digits = text.rpartition("@")[2].lower().rpartition(":")
    is_enough = digits and algorithm in ALGORITHMS if colon else len(digits) >= SHORTEST_DIGEST
    if not is_enough or set(digits) - DIGITS:
        return ()
    return tuple((f"{one}:{digits}", f"{one}:{digits}g") for one in ([algorithm] if colon else ALGORITHMS))


def digest_begins(text: str, digest: str = "digest") -> Q:
    """Rows whose field `digest` begins with the text, as `digest_ranges` reads it; nothing where it is no digest."""
    ranges = [Q(**{f"{digest}__gte": first, f"{digest}__lt": last}) for first, last in digest_ranges(text)]
    return Q(*ranges, _connector=Q.OR)
