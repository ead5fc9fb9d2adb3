"""Registries: how they are reached and watched, and the token endpoints that they may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tags.admin.guards import DeletesItsPast
from tags.admin.registryform import WRITE_ONLY, RegistryForm
from tags.admin.repositories import paused_or_resumed, poll_soon
from tags.clients import check_connections
from tags.models import Registry, Repository
from tags.pages.clock import relative

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern


@admin.register(Registry)
class RegistryAdmin(DeletesItsPast):
    form = RegistryForm
    list_display = [
        "address",
        "name",
        "enabled",
        "interval",
        "concurrency",
        "repository_count",
        "requests_left",
        "plain_http",
        "proposed_realm",
        "discovery_error",
    ]
    list_filter = ["enabled"]
    search_fields = ["address", "name"]
    actions = ["check_connections", "poll_now", "approve_proposed_realms"]
    readonly_fields = ["recognised_kind", "webhook_address"]
    fieldsets = [
        (None, {"fields": ["address", "name", "enabled", "kind", "recognised_kind"]}),
        (_("Polling"), {"fields": ["interval", "concurrency", "requests_per_minute", "patterns"]}),
        (
            _("Credentials"),
            {"fields": ["username", "secret", "forget_secret", "docker_config", "approved_realms"]},
        ),
        (_("Its own API"), {"fields": ["api_address", "api_token", "forget_api_token"]}),
        (
            _("Connection"),
            {"fields": ["plain_http", "ca_certificate", "client_certificate", "forget_client_certificate"]},
        ),
        (_("Webhook"), {"fields": ["webhook_address", "webhook_secret", "forget_webhook_secret"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Registry | None = None) -> Any:
        # Who may only look gets plain texts instead of a form, and no text of a secret is made.
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        hidden = set() if may_write else {name for kept in WRITE_ONLY for name in (kept, f"forget_{kept}")}
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_urls(self) -> list[URLPattern]:
        approve = self.admin_site.admin_view(self.approve_view)
        return [path("<int:pk>/approve/", approve, name="tags_registry_approve"), *super().get_urls()]

    @admin.display(description=_("repositories"))
    def repository_count(self, registry: Registry) -> int:
        return registry.repositories.count()

    @admin.display(description=_("address for its webhooks"))
    def webhook_address(self, registry: Registry) -> str:
        return reverse("webhook", args=[registry.pk]) if registry.pk else str(_("Known when the registry is saved."))

    @admin.display(description=_("requests left"))
    def requests_left(self, registry: Registry) -> str:
        if registry.quota_seen_at is None:
            return ""
        read = relative(registry.quota_seen_at, timezone.now())
        return _("%(quota)s, read %(when)s") % {"quota": registry.quota, "when": read}

    def save_model(self, request: HttpRequest, obj: Registry, form: RegistryForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        kept = {name for name in WRITE_ONLY if getattr(obj, f"encrypted_{name}") and not form.says(name)}
        # A poll may be writing what it learnt of the registry at this moment.
        obj.save(update_fields=form.written_fields)
        if any(not getattr(obj, f"encrypted_{name}") for name in kept):
            self.message_user(
                request,
                _("The address changed, so the stored credentials were forgotten: enter those of the new one."),
                messages.WARNING,
            )
        if "enabled" in form.changed_data:
            paused_or_resumed(obj.repositories.all(), obj.enabled)

    @transaction.atomic
    def approve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Approve the token endpoint that the page showed, if the registry asks for that one still."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        registry = self.get_object(request, str(pk))
        if registry is None or not self.has_change_permission(request, registry):
            raise PermissionDenied
        if registry.proposed_realm and request.POST.get("realm") == registry.proposed_realm:
            self._approve(request, registry)
        else:
            said = _("Nothing was approved: the registry asks for another address by now, or for none.")
            self.message_user(request, said, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:tags_registry_change", args=[pk]))

    @admin.action(description=_("Approve the token endpoint that is asked for"), permissions=["change"])
    @transaction.atomic
    def approve_proposed_realms(self, request: HttpRequest, queryset: QuerySet[Registry]) -> None:
        for registry in queryset.exclude(proposed_realm=""):
            self._approve(request, registry)

    @admin.action(description=_("Test connection"), permissions=["change"])
    def check_connections(self, request: HttpRequest, queryset: QuerySet[Registry]) -> None:
        for registry, error in check_connections(queryset).items():
            registry.propose_realm(error)
            if error:
                said = str(error) if registry.address in str(error) else f"{registry.address}: {error}"
                self.message_user(request, said, messages.ERROR)
            else:
                said = _("%s answers, and takes the credentials.") % registry.address
                self.message_user(request, said, messages.SUCCESS)

    @admin.action(description=_("Poll now"), permissions=["change"])
    def poll_now(self, request: HttpRequest, queryset: QuerySet[Registry]) -> None:
        poll_soon(self, request, Repository.objects.filter(registry__in=queryset))

    def _approve(self, request: HttpRequest, registry: Registry) -> None:
        realm = registry.proposed_realm
        registry.approve_realm(realm)
        self.log_change(request, registry, f"Approved the token endpoint {realm}")
        said = _("%(registry)s may now send its credentials to %(realm)s.")
        self.message_user(request, said % {"registry": registry, "realm": realm}, messages.SUCCESS)
