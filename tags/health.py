"""Whether the product works, for machines to ask: GET /healthz."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connections
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tags.models import Heartbeat, Repository, databaseclock

if TYPE_CHECKING:
    from concurrent.futures import Future

OK = "ok"
SECONDS_TO_ANSWER = 4
TIME_TO_COUNT = dt.timedelta(seconds=15)  # since the last dispatch: the same process counts every ten seconds

# Asked from beside the request: a database that hangs keeps these threads, and no request waits for it.
_askers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="health")


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when database and dispatching work, else 503, naming what does not."""
    health = check()
    works = all(state == OK for state in health.values())
    return JsonResponse(health, status=200 if works else 503)


def check() -> dict[str, str]:
    asked: Future[dict[str, str]] = _askers.submit(_ask)
    try:
        return asked.result(timeout=SECONDS_TO_ANSWER)
    except TimeoutError:
        asked.cancel()
        return {"database": f"does not answer within {SECONDS_TO_ANSWER} s", "dispatch": "unknown"}


def signs(broker: redis.Redis) -> dict[str, object] | None:
    """What keeps changing while all is well, for the watchdog; None while broker or database do not answer."""
    try:
        broker.ping()
        beats = dict(Heartbeat.objects.values_list("part", "beat_at"))
        dispatched = beats.get(Heartbeat.DISPATCH)
        found: dict[str, object] = {"dispatch": dispatched}
        if dispatched and databaseclock.now() - dispatched < TIME_TO_COUNT:  # else nobody counts them
            found["count of workers"] = beats.get(Heartbeat.WORKERS)
        if Repository.objects.waiting().exists() and not Repository.objects.in_work().exists():
            found["taking"] = Repository.objects.aggregate(last=Max("polled_at"))["last"]
        return found
    except (Error, redis.RedisError):
        return None
    finally:
        connections.close_all()  # of this thread


def _ask() -> dict[str, str]:
    try:
        last = Heartbeat.last()
        is_late = Heartbeat.is_late(last)
    except Error:
        return {"database": "cannot be read", "dispatch": "unknown"}
    finally:
        connections.close_all()  # of this thread
    if not is_late:
        dispatch = OK
    elif last is None:
        dispatch = "has never run: are a worker and beat running?"
    else:
        dispatch = f"has not run since {last:%Y-%m-%dT%H:%M:%SZ}: are a worker and beat running?"
    return {"database": OK, "dispatch": dispatch}
