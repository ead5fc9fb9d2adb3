"""Times as registries, images and APIs write them."""

import re
from datetime import UTC, datetime

_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
)


def when(text: object) -> datetime | None:
    """A time as RFC 3339 writes it, in UTC; None for anything else, and for those years that say it is not known."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _known(moment)


def epoch_seconds(value: object) -> datetime | None:
    """A time as seconds since 1970, as a number or its digits; None for anything else, and for 0."""
    seconds = _number(value)
    try:
        return None if seconds is None else _known(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _known(moment: datetime) -> datetime | None:
    """Go writes the year 1 and others 1970 or 9999 for a time they do not have."""
    return moment if 1970 < moment.year < 9999 else None
