"""GET /healthz, which machines ask."""

from __future__ import annotations

import datetime as dt
import json
import threading

import pytest
import redis
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from tags import health
from tags.models import Heartbeat, Repository
from tests.listings import make_repository

pytestmark = pytest.mark.django_db(transaction=True)  # the database is asked from another thread


def asked() -> tuple[int, dict[str, str]]:
    response = health.healthz(RequestFactory().get("/healthz"))
    return response.status_code, json.loads(response.content)


def test_all_is_well_after_a_dispatch() -> None:
    Heartbeat.beat(Heartbeat.DISPATCH)
    assert asked() == (200, {"database": "ok", "dispatch": "ok"})


def test_a_dispatch_that_never_ran_is_named() -> None:
    status, body = asked()
    assert (status, body["database"]) == (503, "ok")
    assert body["dispatch"] == "has never run: are a worker and beat running?"


def test_a_late_dispatch_is_named_with_the_time_of_the_last() -> None:
    last = timezone.now() - Heartbeat.LATE - dt.timedelta(seconds=1)
    Heartbeat.objects.create(part=Heartbeat.DISPATCH, beat_at=last)
    status, body = asked()
    assert status == 503
    assert body["dispatch"].startswith(f"has not run since {last:%Y-%m-%dT%H:%M:%SZ}")


def test_that_no_worker_answers_is_named_though_polls_are_handed_out() -> None:
    Heartbeat.beat(Heartbeat.DISPATCH)
    Heartbeat.beat(Heartbeat.WORKERS, 4)
    assert asked()[0] == 200
    last = timezone.now() - Heartbeat.LATE - dt.timedelta(seconds=1)
    Heartbeat.objects.filter(part=Heartbeat.WORKERS).update(beat_at=last)
    status, body = asked()
    assert status == 503
    assert body["dispatch"].startswith(f"has not run since {last:%Y-%m-%dT%H:%M:%SZ}")


class TestSigns:
    """What the watchdog goes by; a stand-in for the broker answers, or does not."""

    class Broker:
        def __init__(self, error: Exception | None = None) -> None:
            self.error = error

        def ping(self) -> None:
            if self.error:
                raise self.error

    def test_they_change_with_each_dispatch_and_each_count(self) -> None:
        before = health.signs(self.Broker())
        Heartbeat.beat(Heartbeat.DISPATCH)
        Heartbeat.beat(Heartbeat.WORKERS, 4)
        after = health.signs(self.Broker())
        assert before == {"dispatch": None}
        assert after is not None
        assert None not in after.values()
        assert after.keys() == {"dispatch", "count of workers"}

    def test_workers_that_nobody_counts_are_no_sign(self) -> None:
        Heartbeat.beat(Heartbeat.DISPATCH)
        Heartbeat.beat(Heartbeat.WORKERS, 4)
        Heartbeat.objects.update(beat_at=timezone.now() - dt.timedelta(seconds=16))
        assert "count of workers" not in (health.signs(self.Broker()) or {})

    def test_that_something_waits_and_nothing_is_in_work_is_a_sign(self) -> None:
        make_repository()
        Repository.objects.claim_due(limit=1, share=1)
        assert "taking" in (health.signs(self.Broker()) or {})
        Repository.objects.take(share=1)
        assert "taking" not in (health.signs(self.Broker()) or {})

    def test_there_are_none_while_the_broker_is_away(self) -> None:
        assert health.signs(self.Broker(redis.TimeoutError())) is None


def test_a_database_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("server closed the connection; password=hidden")

    monkeypatch.setattr(Heartbeat, "last", refuse)
    assert asked() == (503, {"database": "cannot be read", "dispatch": "unknown"})


def test_a_database_that_hangs_is_named_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(health, "SECONDS_TO_ANSWER", 0.1)
    monkeypatch.setattr(Heartbeat, "last", over.wait)
    try:
        for _ in range(5):
            status, body = asked()
            assert (status, body["dispatch"]) == (503, "unknown")
            assert body["database"].startswith("does not answer")
    finally:
        over.set()
    monkeypatch.undo()
    Heartbeat.beat(Heartbeat.DISPATCH)
    assert asked()[0] == 200  # when the database is back


def test_nobody_has_to_log_in_to_ask() -> None:
    middleware = LoginRequiredMiddleware(lambda request: None)
    request = HttpRequest()
    request.user = AnonymousUser()
    assert middleware.process_view(request, health.healthz, (), {}) is None
