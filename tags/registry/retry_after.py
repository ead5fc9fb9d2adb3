"""How long a registry asks us to wait (RFC 9110, section 10.2.3)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 6 * 3600.0
"""Seconds. No registry's window is longer, and a larger number would switch the polling off."""


def seconds_to_wait(value: str | None, now: datetime) -> float | None:
    """Whole seconds or an HTTP date, held between 0 and LONGEST; None when it says nothing usable."""
    if not value:
        return None
    if re.fullmatch(r"[0-9]+", value):
        return LONGEST if len(value) > len(f"{LONGEST:.0f}") else min(float(value), LONGEST)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST)
