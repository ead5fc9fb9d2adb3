from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone

from tags.models import Coverage, Registry, Repository, Tag
from tests.listings import EXAMPLE, make_repository, record, seen

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery staple"


def form(**changes: object) -> dict[str, object]:
    fields = {"address": "registry.example.com", "enabled": "on", "interval": 300, "concurrency": 8}
    return {name: value for name, value in (fields | changes).items() if value is not None}


@pytest.fixture
def registry() -> Registry:
    registry = Registry(address="registry.example.com", username="reader")
    registry.set_secret(SECRET)
    registry.save()
    return registry


def change(client: Client, registry: Registry, **changes: object) -> str:
    url = reverse("admin:tags_registry_change", args=[registry.pk])
    response = client.post(url, form(**{"username": "reader", **changes}), follow=True)
    registry.refresh_from_db()
    return response.content.decode()


def test_a_registry_is_added_with_its_secret_encrypted(admin_client: Client) -> None:
    url = reverse("admin:tags_registry_add")
    admin_client.post(url, form(address="https://Registry.Example.com/", username="reader", secret=SECRET))
    registry = Registry.objects.get(address="registry.example.com")
    assert registry.reveal_secret() == SECRET
    assert SECRET not in registry.encrypted_secret


def test_the_form_never_shows_the_secret_and_an_empty_field_keeps_it(admin_client: Client, registry: Registry) -> None:
    page = admin_client.get(reverse("admin:tags_registry_change", args=[registry.pk])).content.decode()
    assert SECRET not in page
    assert registry.encrypted_secret not in page
    change(admin_client, registry, interval=60)
    assert (registry.interval, registry.reveal_secret()) == (60, SECRET)


def test_changing_the_address_forgets_the_credentials_and_says_so(admin_client: Client, registry: Registry) -> None:
    page = change(admin_client, registry, address="elsewhere.example.com")
    assert (registry.address, registry.reveal_secret(), registry.username) == ("elsewhere.example.com", "", "")
    assert "credentials were forgotten" in page


def test_the_secret_can_be_forgotten(admin_client: Client, registry: Registry) -> None:
    change(admin_client, registry, forget_secret="on")
    assert registry.reveal_secret() == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "not an address"),
        ("address", "127.0.0.1:99999"),
        ("ca_certificate", "not a certificate"),
        ("approved_realms", "foo bar"),
        ("concurrency", 1000000),
        ("interval", 0),
        ("concurrency", 0),
    ],
)
def test_bad_input_is_refused_and_nothing_is_lost(
    admin_client: Client, registry: Registry, field: str, value: object
) -> None:
    page = change(admin_client, registry, **{field: value})
    assert "errorlist" in page
    assert (registry.address, registry.interval, registry.reveal_secret()) == ("registry.example.com", 300, SECRET)


def test_a_reader_sees_no_secret_in_the_admin(client: Client, registry: Registry) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    page = client.get(reverse("admin:tags_registry_change", args=[registry.pk]))
    assert page.status_code == 200
    assert SECRET not in page.content.decode()
    assert registry.encrypted_secret not in page.content.decode()


def test_a_reader_cannot_guess_the_secret_through_a_filter(client: Client, registry: Registry) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    assert client.get(reverse("admin:tags_registry_changelist")).status_code == 200
    for page, lookup in (
        ("tags_registry", "encrypted_secret__startswith"),
        ("tags_repository", "registry__encrypted_secret__startswith"),
        ("tags_tag", "repository__registry__encrypted_secret__startswith"),
    ):
        url = reverse(f"admin:{page}_changelist")
        assert client.get(url, {lookup: registry.encrypted_secret[:8]}).status_code == 400


def test_disabling_a_registry_pauses_it_and_enabling_looks_at_once(admin_client: Client) -> None:
    repository = make_repository(address="registry.example.com")
    Registry.objects.update(plain_http=False)
    record(repository, seen(EXAMPLE, 0))
    change(admin_client, repository.registry, enabled=None)
    assert Repository.objects.claim_due(limit=1) == []
    assert Coverage.objects.last().reason == Coverage.PAUSED
    change(admin_client, repository.registry, enabled="on")
    assert [pk for pk, _lease in Repository.objects.claim_due(limit=1)] == [repository.pk]


def run(client: Client, model: str, action: str, *objects: object) -> str:
    url = reverse(f"admin:tags_{model}_changelist")
    data = {"action": action, "_selected_action": [obj.pk for obj in objects]}
    return client.post(url, data, follow=True).content.decode()


@pytest.mark.parametrize("model", ["registry", "repository"])
def test_poll_now_makes_them_due(admin_client: Client, model: str) -> None:
    repository = make_repository()
    Repository.objects.update(next_poll_at=timezone.now() + dt.timedelta(hours=1))
    assert Repository.objects.claim_due(limit=1) == []
    page = run(admin_client, model, "poll_now", repository if model == "repository" else repository.registry)
    assert "1 repository is polled within a few seconds." in page
    assert len(Repository.objects.claim_due(limit=1)) == 1


def test_a_tag_s_role_is_set_by_hand_and_given_back(admin_client: Client) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    tag = repository.tags.get(name="2.2")
    run(admin_client, "tag", "call_pointer", tag)
    assert Tag.objects.get(pk=tag.pk).role == "pointer"
    run(admin_client, "tag", "let_decide", tag)
    assert Tag.objects.get(pk=tag.pk).role == "version"


@pytest.mark.parametrize("model", ["tag", "movement", "coverage"])
def test_what_was_seen_can_be_read_and_not_changed(admin_client: Client, model: str) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    changelist = reverse(f"admin:tags_{model}_changelist")
    page = admin_client.get(changelist)
    assert page.status_code == 200
    [first, *_] = re.findall(rf"/admin/tags/{model}/\d+/change/", page.content.decode())
    assert admin_client.get(first).status_code == 200
    assert admin_client.post(first, {}).status_code == 403
    assert admin_client.get(f"{changelist}add/").status_code == 403


def test_a_repository_keeps_its_name(admin_client: Client) -> None:
    repository = make_repository()
    url = reverse("admin:tags_repository_change", args=[repository.pk])
    admin_client.post(url, {"name": "other", "enabled": "on", "interval": 60})
    repository.refresh_from_db()
    assert (repository.name, repository.interval) == ("app", 60)


@pytest.mark.parametrize("model", ["registry", "repository"])
def test_what_is_deleted_takes_its_past_with_it(admin_client: Client, model: str) -> None:
    repository = make_repository()
    record(repository, seen(EXAMPLE, 0))
    record(repository, seen(EXAMPLE | {"production": "2.1"}, 5))
    victim = repository if model == "repository" else repository.registry
    url = reverse(f"admin:tags_{model}_delete", args=[victim.pk])
    assert "permission" not in admin_client.get(url).content.decode()
    admin_client.post(url, {"post": "yes"})
    assert not Repository.objects.exists()
    assert not Tag.objects.exists()


def test_a_repository_is_added_once(admin_client: Client) -> None:
    repository = make_repository()
    fields = {"registry": repository.registry.pk, "name": "app", "enabled": "on"}
    page = admin_client.post(reverse("admin:tags_repository_add"), fields).content.decode()
    assert "This repository is there already." in page


def test_a_password_without_a_user_is_refused(admin_client: Client, registry: Registry) -> None:
    page = change(admin_client, registry, username="", secret="x")
    assert "goes with a user name" in page
