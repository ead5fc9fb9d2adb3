from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from tags.models import AccessToken
from tags.models.accesstoken import PREFIX

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def made(name: str = "reader") -> tuple[AccessToken, str]:
    token = AccessToken(name=name)
    key = token.make_key()
    token.save()
    return token, key


def test_a_key_finds_its_token_and_is_not_kept() -> None:
    token, key = made()
    assert key.startswith(PREFIX)
    assert AccessToken.objects.of(key) == token
    [row] = AccessToken.objects.values()
    assert key not in str(row)


@pytest.mark.parametrize("key", ["", PREFIX, "rv_wrong", "wrong"])
def test_another_key_finds_none(key: str) -> None:
    made()
    assert AccessToken.objects.of(key) is None


def test_its_hash_is_no_key() -> None:
    token, _key = made()
    assert AccessToken.objects.of(token.key_hash) is None


def test_a_token_that_expired_is_not_found() -> None:
    token, key = made()
    token.expires_at = timezone.now() - dt.timedelta(seconds=1)
    token.save()
    assert AccessToken.objects.of(key) is None


def test_a_new_key_replaces_the_old_one() -> None:
    token, old = made()
    new = token.make_key()
    token.save()
    assert AccessToken.objects.of(old) is None
    assert AccessToken.objects.of(new) == token


def test_a_use_is_written_once_a_day(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    token, _key = made()
    today = dt.date(2026, 5, 15)
    with django_assert_num_queries(1):
        token.note_use(today)
        token.note_use(today)
    token.refresh_from_db()
    assert token.last_used_on == today
