"""Text that a registry chose, made fit for messages: they end up in logs, on terminals and in PostgreSQL."""

import json

LONGEST = 300
LONGEST_EXAMPLE = 60


def printable(text: str) -> str:
    """ASCII without control characters, which are escaped (so are backslashes), and at most LONGEST of it."""
    shown = text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."


def example_of(name: object) -> str:
    """What stands in a list in place of a name, made fit to be shown as one that is none."""
    text = name if isinstance(name, str) else json.dumps(name)
    return printable(text[:LONGEST_EXAMPLE])[:LONGEST_EXAMPLE] or "(empty)"
