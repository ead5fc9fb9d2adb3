"""GET /healthz, which machines ask."""

from __future__ import annotations

import datetime as dt
import json
import threading

import pytest
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from tags import health
from tags.models import Heartbeat

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


def test_a_database_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(part: str) -> bool:
        raise OperationalError("server closed the connection; password=hidden")

    monkeypatch.setattr(Heartbeat, "is_late", refuse)
    assert asked() == (503, {"database": "cannot be read", "dispatch": "unknown"})


def test_a_database_that_hangs_is_named_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(health, "SECONDS_TO_ANSWER", 0.1)
    monkeypatch.setattr(Heartbeat, "is_late", lambda part: over.wait())
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
