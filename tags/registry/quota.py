"""How many requests a registry says are left: `ratelimit-*` of Docker Hub, `x-ratelimit-*` of its API and GitHub's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from .printable import printable

_LONGEST_NUMBER = 15  # digits
_LONGEST_SOURCE = 255


@dataclass(frozen=True, slots=True)
class Quota:
    limit: int
    remaining: int
    window: int | None
    """Seconds in which `limit` requests may be sent; None: it was not told."""
    source: str | None
    """Whom it counts for, as the registry says it: an address or an account."""
    resets_at: datetime | None = None


def parse_quota(headers: Mapping[str, str]) -> Quota | None:
    """None when the answer says nothing of a limit, or nothing that can be read."""
    named = {name.lower(): headers[name] for name in headers if "ratelimit" in name.lower()}
    if not named:
        return None
    for prefix in ("", "x-"):
        limit, window = _policy(named.get(f"{prefix}ratelimit-limit", ""))
        remaining, window_of_remaining = _policy(named.get(f"{prefix}ratelimit-remaining", ""))
        if limit is not None and remaining is not None:
            source = printable(named.get("docker-ratelimit-source", "").strip()[:_LONGEST_SOURCE])
            resets_at = _moment(named.get("x-ratelimit-reset", "")) if prefix else None
            return Quota(limit, remaining, window or window_of_remaining, source or None, resets_at)
    return None


def _policy(value: str) -> tuple[int | None, int | None]:
    """The number and the seconds of the first of a list, as in `100;w=21600, 10;w=1`."""
    number, *parameters = value.partition(",")[0].split(";")
    windows = (re.fullmatch(r"\s*w\s*=(.*)", parameter, re.IGNORECASE) for parameter in parameters)
    return _number(number), next((_number(window[1]) for window in windows if window), None)


def _number(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if re.fullmatch(rf"[0-9]{{1,{_LONGEST_NUMBER}}}", digits) else None


def _moment(value: str) -> datetime | None:
    """The time of a reset, in seconds since 1970; some registries say instead how many seconds are left."""
    seconds = _number(value)
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 10**9 <= seconds < 10**11 else None
