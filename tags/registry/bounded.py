"""JSON from a stranger: of every byte it is sent, a parser may make thirty.

What is odd in it costs no more than itself. A byte that is no UTF-8 makes its text one that nothing is called by, a
number is as large as a float can tell, and of what is said twice nothing is lost: two lists are one.
"""

import json
from typing import Any

MOST_VALUES = 1_000_000
_MOST_CONTAINERS = 400_000
_MOST_DIGITS = 18  # of a number that is exact; to read one takes a time that grows with the square of its digits


class TooMuch(ValueError):
    """More values than anybody has to say."""


def loads(body: bytes, most_values: int = MOST_VALUES) -> Any:
    """The value in a body; raises TooMuch before it is parsed, and ValueError for what is no JSON.

    It costs 200 MiB at most, the body among them: each value but the first comes after a comma or a bracket.
    """
    if body.count(b",") > most_values or body.count(b"{") + body.count(b"[") > min(_MOST_CONTAINERS, most_values + 2):
        raise TooMuch("too many values")
    try:
        text = body.decode(json.detect_encoding(body), "surrogateescape")
        return json.loads(text, parse_int=_integer, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("too deep") from error


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in found.items():
            if isinstance(value, list):
                found[key] = [one for name, told in pairs if name == key and isinstance(told, list) for one in told]
    return found
