"""JSON from a stranger: of every byte it is sent, a parser may make thirty."""

import json
from typing import Any

MOST_VALUES = 1_000_000
_MOST_CONTAINERS = 400_000


class TooMuch(ValueError):
    """More values than anybody has to say."""


def loads(body: bytes, most_values: int = MOST_VALUES) -> Any:
    """The value in a body; raises TooMuch before it is parsed, and ValueError for what is no JSON.

    It costs 200 MiB at most, the body among them: each value but the first comes after a comma or a bracket.
    """
    if body.count(b",") > most_values or body.count(b"{") + body.count(b"[") > min(_MOST_CONTAINERS, most_values + 2):
        raise TooMuch("too many values")
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error
