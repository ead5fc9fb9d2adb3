"""Access tokens in the admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from tags.models import AccessToken

pytestmark = pytest.mark.django_db
ADD = reverse("admin:tags_accesstoken_add")
KEY = re.compile(r"rv_[A-Za-z0-9_-]{43}")


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def make(admin: Client) -> str:
    """Make a token as people do; returns the page that follows."""
    form = {"name": "feed reader", "expires_at_0": "", "expires_at_1": ""}
    return admin.post(ADD, form, follow=True).text


def test_its_key_is_shown_once(admin: Client) -> None:
    [key] = KEY.findall(make(admin))
    token = AccessToken.objects.of(key)
    assert token is not None
    change = reverse("admin:tags_accesstoken_change", args=[token.pk])
    for address in (
        reverse("admin:tags_accesstoken_changelist"),
        change,
        reverse("admin:tags_accesstoken_history", args=[token.pk]),
    ):
        page = admin.get(address).text
        assert "feed reader" in page
        assert not KEY.search(page)
        assert token.key_hash not in page


def test_its_key_is_written_into_no_log(admin: Client) -> None:
    make(admin)
    assert not KEY.search(str(list(LogEntry.objects.values())))


def test_a_change_keeps_the_key(admin: Client) -> None:
    [key] = KEY.findall(make(admin))
    token = AccessToken.objects.get()
    form = {"name": "renamed", "expires_at_0": "2999-01-01", "expires_at_1": "00:00:00"}
    page = admin.post(reverse("admin:tags_accesstoken_change", args=[token.pk]), form, follow=True)
    assert not KEY.search(page.text)
    found = AccessToken.objects.of(key)
    assert found is not None
    assert (found.name, found.expires_at is not None) == ("renamed", True)


def test_its_hash_cannot_be_guessed_letter_by_letter() -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_accesstoken"))
    client = Client()
    client.force_login(reader)
    response = client.get(reverse("admin:tags_accesstoken_changelist"), {"key_hash__startswith": "a"})
    assert response.status_code == 400
