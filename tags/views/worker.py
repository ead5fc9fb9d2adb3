"""Does anybody look? Said on the pages whose picture would otherwise seem fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tags.models import Heartbeat

if TYPE_CHECKING:
    import datetime as dt


def worker(now: dt.datetime) -> dict[str, Any]:
    """What tags/_worker.html needs; one query."""
    last = Heartbeat.last()
    return {"last_beat": last, "is_late": Heartbeat.is_late(last, now)}
