from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tags.models import CompareLink, Coverage, Heartbeat, Registry, Repository, Tag
from tags.registry import NeedsApproval
from tags.registry.credential import Credential
from tests.listings import EXAMPLE, make_repository, record, seen

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tests.certificates import Certificates

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
    repository = Repository.objects.get()
    record(repository, seen(EXAMPLE, 0))
    change(admin_client, repository.registry, enabled=None)
    assert Repository.objects.claim_due(limit=1, share=4) == []
    assert Coverage.objects.last().reason == Coverage.PAUSED
    change(admin_client, repository.registry, enabled="on")
    assert Repository.objects.claim_due(limit=1, share=4) == [repository.pk]


def run(client: Client, model: str, action: str, *objects: object) -> str:
    url = reverse(f"admin:tags_{model}_changelist")
    data = {"action": action, "_selected_action": [obj.pk for obj in objects]}
    return client.post(url, data, follow=True).content.decode()


@pytest.mark.parametrize("model", ["registry", "repository"])
def test_poll_now_makes_them_due(admin_client: Client, model: str) -> None:
    repository = make_repository()
    Repository.objects.update(next_poll_at=timezone.now() + dt.timedelta(hours=1))
    assert Repository.objects.claim_due(limit=1, share=4) == []
    Heartbeat.beat(Heartbeat.DISPATCH)
    page = run(admin_client, model, "poll_now", repository if model == "repository" else repository.registry)
    assert "1 repository is polled within a few seconds." in page
    assert len(Repository.objects.claim_due(limit=1, share=4)) == 1


def test_poll_now_promises_nothing_while_no_worker_is_seen(admin_client: Client) -> None:
    repository = make_repository()
    Repository.objects.update(next_poll_at=timezone.now() + dt.timedelta(hours=1))
    Heartbeat.beat(Heartbeat.DISPATCH)
    Heartbeat.objects.update(beat_at=timezone.now() - dt.timedelta(seconds=31))
    page = run(admin_client, "repository", "poll_now", repository)
    assert "It is noted, but no worker is seen: 1 repository is polled as soon as one runs." in page
    assert len(Repository.objects.claim_due(limit=1, share=4)) == 1


def test_poll_now_says_so_when_the_registry_wants_silence(admin_client: Client) -> None:
    repository = make_repository()
    now = timezone.now()
    Registry.objects.update(throttled_until=now + dt.timedelta(hours=1))
    page = run(admin_client, "repository", "poll_now", repository)
    assert "had too many requests: nothing of it is polled before" in page
    assert "polled within" not in page
    repository.refresh_from_db()
    assert repository.next_poll_at >= now  # right after


def test_what_registries_say_is_left_is_listed(admin_client: Client, registry: Registry) -> None:
    Registry.objects.update(quota_limit=100, quota_remaining=87, quota_seen_at=timezone.now() - dt.timedelta(minutes=2))
    page = admin_client.get(reverse("admin:tags_registry_changelist")).content.decode()
    assert "87 of 100 requests left, read 2 min ago" in page


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


def test_a_token_needs_no_user_name(admin_client: Client, registry: Registry) -> None:
    change(admin_client, registry, username="", secret="x")
    assert registry.client_settings().credential == Credential("", "x")


SECRETS = {"secret": SECRET, "api_token": "an API's own token", "client_certificate": None}


@pytest.fixture
def secretive(registry: Registry, certificates: Certificates) -> Registry:
    """A registry with every secret there is."""
    registry.set_api_token(SECRETS["api_token"])
    registry.set_client_certificate(certificates.client)
    registry.approved_realms = "https://auth.example.net/token"
    registry.save()
    return registry


def secrets_of(registry: Registry) -> list[str]:
    stored = [registry.encrypted_secret, registry.encrypted_api_token, registry.encrypted_client_certificate]
    key_line = registry.reveal_client_certificate().splitlines()[1]
    return [*stored, SECRET, SECRETS["api_token"], key_line]


def test_secrets_go_in_encrypted_and_never_come_out(
    admin_client: Client, registry: Registry, certificates: Certificates
) -> None:
    change(admin_client, registry, api_token="an API's own token", client_certificate=certificates.client)
    assert registry.reveal_api_token() == "an API's own token"
    assert registry.reveal_client_certificate().strip().splitlines() == certificates.client.strip().splitlines()
    assert registry.client_settings().client_certificate
    for page in ("change", "history"):
        shown = admin_client.get(reverse(f"admin:tags_registry_{page}", args=[registry.pk])).content.decode()
        assert not [secret for secret in secrets_of(registry) if secret in shown]
    for logged in LogEntry.objects.all():
        assert not [secret for secret in secrets_of(registry) if secret in f"{logged.change_message} {logged}"]


def test_a_bad_client_certificate_is_refused_and_not_shown_again(
    admin_client: Client, registry: Registry, certificates: Certificates
) -> None:
    key = certificates.client[: certificates.client.index("-----BEGIN CERTIFICATE")]
    page = change(admin_client, registry, client_certificate=key, secret="another secret")
    assert "is no PEM text of a certificate and the private key" in page
    assert key.splitlines()[1] not in page
    assert "another secret" not in page
    assert not registry.encrypted_client_certificate


@pytest.mark.parametrize("name", ["secret", "api_token", "client_certificate"])
def test_each_secret_is_forgotten_by_itself(admin_client: Client, secretive: Registry, name: str) -> None:
    change(admin_client, secretive, **{f"forget_{name}": "on"})
    forgotten = {other for other in SECRETS if not getattr(secretive, f"encrypted_{other}")}
    assert forgotten == {name}


@pytest.mark.parametrize(
    "changes", [{"address": "other.example.com"}, {"plain_http": "on"}, {"api_address": "https://api.example.net"}]
)
def test_no_secret_follows_to_another_origin(
    admin_client: Client, secretive: Registry, changes: dict[str, str]
) -> None:
    page = change(admin_client, secretive, approved_realms=secretive.approved_realms, **changes)
    assert not any(getattr(secretive, f"encrypted_{name}") for name in SECRETS)
    assert not secretive.approved_realms
    assert "credentials were forgotten" in page


def test_no_page_of_a_reader_shows_any_secret(client: Client, secretive: Registry) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    for url in (
        reverse("admin:tags_registry_changelist"),
        reverse("admin:tags_registry_change", args=[secretive.pk]),
        reverse("admin:tags_registry_history", args=[secretive.pk]),
    ):
        shown = client.get(url)
        assert shown.status_code == 200
        assert not [secret for secret in secrets_of(secretive) if secret in shown.content.decode()]
    for name in SECRETS:
        url = reverse("admin:tags_registry_changelist")
        assert client.get(url, {f"encrypted_{name}__startswith": "g"}).status_code == 400


def test_the_kind_is_chosen_among_those_there_are(admin_client: Client, registry: Registry) -> None:
    change(admin_client, registry, kind="oci")
    assert registry.kind == "oci"
    assert "errorlist" in change(admin_client, registry, kind="nonsense")
    assert registry.kind == "oci"


def test_saving_the_form_leaves_alone_what_pollers_write(admin_client: Client, registry: Registry) -> None:
    Registry.objects.update(proposed_realm="https://auth.example.net/token", discovery_error="it timed out")
    change(admin_client, registry, name="Ours")
    assert (registry.name, registry.discovery_error) == ("Ours", "it timed out")
    assert registry.proposed_realm == "https://auth.example.net/token"


REALM = "https://auth.example.net/token/" + "a" * 400


@pytest.fixture
def awaiting(admin_client: Client) -> Repository:
    """A repository whose registry asks for the approval of REALM."""
    repository = make_repository(address="registry.example.com")
    repository.registry.propose_realm(NeedsApproval(f"{REALM}?tenant=1"))
    Repository.objects.update(next_poll_at=timezone.now() + dt.timedelta(hours=1))
    return repository


def approve(client: Client, registry: Registry, realm: str) -> HttpResponse:
    return client.post(reverse("admin:tags_registry_approve", args=[registry.pk]), {"realm": realm}, follow=True)


def test_a_token_endpoint_is_approved_with_one_click(admin_client: Client, awaiting: Repository) -> None:
    registry = awaiting.registry
    page = admin_client.get(reverse("admin:tags_registry_change", args=[registry.pk])).content.decode()
    assert f"<code>{REALM}</code>" in page
    [asked] = re.findall(r'name="realm" value="([^"]*)"', page)
    said = approve(admin_client, registry, asked).content.decode()
    registry.refresh_from_db()
    assert (registry.approved_realms, registry.proposed_realm) == (REALM, "")
    assert len(Repository.objects.claim_due(limit=1, share=4)) == 1
    assert "may now send its credentials" in said
    assert f"Approved the token endpoint {REALM}" in LogEntry.objects.get().change_message
    assert REALM not in admin_client.get(reverse("admin:tags_registry_changelist")).content.decode()


def test_only_what_is_asked_for_is_approved(admin_client: Client, awaiting: Repository) -> None:
    for realm in ("https://evil.example.net/token", "", REALM.upper()):
        assert "Nothing was approved" in approve(admin_client, awaiting.registry, realm).content.decode()
    awaiting.registry.refresh_from_db()
    assert awaiting.registry.approved_realms == ""
    assert not LogEntry.objects.exists()


def test_approval_needs_the_permission_and_a_post(client: Client, awaiting: Repository) -> None:
    url = reverse("admin:tags_registry_approve", args=[awaiting.registry.pk])
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(reader)
    page = client.get(reverse("admin:tags_registry_change", args=[awaiting.registry.pk])).content.decode()
    assert REALM in page
    assert "/approve/" not in page
    assert client.get(url).status_code == 405
    assert client.post(url, {"realm": REALM}).status_code == 403
    client.logout()
    assert "login" in client.post(url, {"realm": REALM})["Location"]
    awaiting.registry.refresh_from_db()
    assert awaiting.registry.approved_realms == ""


def test_approval_needs_the_token_of_the_form(awaiting: Repository, admin_user: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    assert approve(strict, awaiting.registry, REALM).status_code == 403


def test_token_endpoints_are_approved_from_the_list(admin_client: Client, awaiting: Repository) -> None:
    assert "may now send its credentials" in run(admin_client, "registry", "approve_proposed_realms", awaiting.registry)
    awaiting.registry.refresh_from_db()
    assert awaiting.registry.approved_realms == REALM


def test_a_hostile_realm_is_shown_and_approved_as_text(admin_client: Client, awaiting: Repository) -> None:
    realm = "https://auth.example.net/\"><script>alert(1)</script>'"
    awaiting.registry.propose_realm(NeedsApproval(realm))
    page = admin_client.get(reverse("admin:tags_registry_change", args=[awaiting.registry.pk])).content.decode()
    said = approve(admin_client, awaiting.registry, realm).content.decode()
    history = admin_client.get(reverse("admin:tags_registry_history", args=[awaiting.registry.pk])).content.decode()
    assert "<script>alert" not in page + said + history
    awaiting.registry.refresh_from_db()
    assert awaiting.registry.approved_realms == realm


def test_a_compare_link_that_cannot_work_is_refused_and_one_that_can_is_kept(admin_client: Client) -> None:
    url = reverse("admin:tags_comparelink_add")
    page = admin_client.post(url, {"source": "https://git.example.com/", "template": "{source}/{old}"})
    assert "{old} is not known" in page.content.decode()
    admin_client.post(url, {"source": "https://git.example.com/", "template": "{source}/log/{from}..{to}"})
    assert CompareLink.objects.get().template == "{source}/log/{from}..{to}"
