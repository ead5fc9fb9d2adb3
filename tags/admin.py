"""The admin: registries and repositories are managed here; what was seen can only be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tags.clients import check_connections
from tags.models import Coverage, Movement, Registry, Repository, Tag
from tags.versions import Role

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tags.models.repository import RepositoryQuerySet
    from tags.models.tag import TagQuerySet

admin.site.site_header = admin.site.site_title = "RegistryViewer"
admin.site.index_title = _("Administration")


class RegistryForm(forms.ModelForm):
    """The secret goes in and never comes out: an empty field keeps what is stored."""

    secret = forms.CharField(
        label=_("password or token"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    forget_secret = forms.BooleanField(label=_("forget the stored password or token"), required=False)

    class Meta:
        model = Registry
        fields = [
            "address", "name", "enabled", "interval", "concurrency", "patterns",
            "username", "approved_realms", "plain_http", "ca_certificate",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"].help_text = (
            _("One is stored; leave empty to keep it. Changing the address or the protocol forgets it.")
            if self.instance.encrypted_secret
            else _("None is stored.")
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("secret") and not cleaned.get("username"):
            self.add_error("username", _("A password or token goes with a user name: the registry tells which."))
        return cleaned

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        return address.strip().removeprefix("https://").removeprefix("http://").rstrip("/").lower()

    def save(self, commit: bool = True) -> Registry:
        if self.cleaned_data["secret"]:
            self.instance.set_secret(self.cleaned_data["secret"])
        elif self.cleaned_data["forget_secret"]:
            self.instance.set_secret("")
        return super().save(commit)


class SecretsAreNoFilter(admin.ModelAdmin):
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Otherwise ?encrypted_secret__startswith=… would let a reader guess it letter by letter.
        return "secret" not in lookup and super().lookup_allowed(lookup, value, request)


class DeletesItsPast(SecretsAreNoFilter):
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What was seen goes with what it was seen of, though nobody may delete it by itself."""
        _objects, counts, needed, protected = super().get_deleted_objects(objs, request)
        evidence = {model._meta.verbose_name for model in (Tag, Movement, Coverage)}
        return [str(obj) for obj in objs], counts, {name for name in needed if name not in evidence}, protected


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
        "plain_http",
        "discovery_error",
    ]
    list_filter = ["enabled"]
    search_fields = ["address", "name"]
    actions = ["check_connections", "poll_now"]
    fieldsets = [
        (None, {"fields": ["address", "name", "enabled"]}),
        (_("Polling"), {"fields": ["interval", "concurrency", "patterns"]}),
        (_("Credentials"), {"fields": ["username", "secret", "forget_secret", "approved_realms"]}),
        (_("Connection"), {"fields": ["plain_http", "ca_certificate"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Registry | None = None) -> Any:
        # Who may only look gets plain texts instead of a form, and no text of a secret is made.
        may_write = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        hidden = set() if may_write else {"secret", "forget_secret"}
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    @admin.display(description=_("repositories"))
    def repository_count(self, registry: Registry) -> int:
        return registry.repositories.count()

    def save_model(self, request: HttpRequest, obj: Registry, form: RegistryForm, change: bool) -> None:
        had_secret = bool(obj.encrypted_secret)
        super().save_model(request, obj, form, change)
        if had_secret and not obj.encrypted_secret and not form.cleaned_data["forget_secret"]:
            self.message_user(
                request,
                _("The address changed, so the stored credentials were forgotten: enter those of the new one."),
                messages.WARNING,
            )
        if change and "enabled" in form.changed_data:
            _paused_or_resumed(obj.repositories.all(), obj.enabled)

    @admin.action(description=_("Test connection"), permissions=["change"])
    def check_connections(self, request: HttpRequest, queryset: QuerySet[Registry]) -> None:
        for registry, error in check_connections(queryset).items():
            if error:
                said = str(error) if registry.address in str(error) else f"{registry.address}: {error}"
                self.message_user(request, said, messages.ERROR)
            else:
                said = _("%s answers, and takes the credentials.") % registry.address
                self.message_user(request, said, messages.SUCCESS)

    @admin.action(description=_("Poll now"), permissions=["change"])
    def poll_now(self, request: HttpRequest, queryset: QuerySet[Registry]) -> None:
        _poll_soon(self, request, Repository.objects.filter(registry__in=queryset))


@admin.register(Repository)
class RepositoryAdmin(DeletesItsPast):
    list_display = ["__str__", "enabled", "outcome", "error", "checked_at", "next_poll_at"]
    list_filter = ["enabled", "outcome", "registry"]
    list_select_related = ["registry"]
    search_fields = ["name", "registry__address"]
    actions = ["poll_now"]
    autocomplete_fields = ["registry"]
    fields = [
        "registry",
        "name",
        "enabled",
        "interval",
        "outcome",
        "error",
        "failures",
        "polled_at",
        "checked_at",
        "next_poll_at",
    ]
    readonly_fields = ["outcome", "error", "failures", "polled_at", "checked_at", "next_poll_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Repository | None = None) -> list[str]:
        # Under another name it would be another repository, and its past would be a lie.
        return [*self.readonly_fields, "registry", "name"] if obj else list(self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Repository, form: forms.ModelForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            return
        # A poll may be writing the rest of the row at this moment.
        obj.save(update_fields=form.changed_data or ["enabled"])
        if "enabled" in form.changed_data:
            _paused_or_resumed(Repository.objects.filter(pk=obj.pk), obj.enabled)

    @admin.action(description=_("Poll now"), permissions=["change"])
    def poll_now(self, request: HttpRequest, queryset: RepositoryQuerySet) -> None:
        _poll_soon(self, request, queryset)


class ReadOnly(admin.ModelAdmin):
    """What was seen is evidence: it is shown, and nobody can change it."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Tag)
class TagAdmin(ReadOnly):
    list_display = ["name", "repository", "role", "role_by_hand", "state", "digest", "after", "before"]
    list_filter = ["role", "role_by_hand", "state"]
    list_select_related = ["repository__registry"]
    search_fields = ["name", "repository__name"]
    actions = ["call_version", "call_pointer", "let_decide"]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("tags.change_tag")

    @admin.action(description=_("They are versions, whatever they look like"), permissions=["decide"])
    def call_version(self, request: HttpRequest, queryset: TagQuerySet) -> None:
        queryset.set_role(Role.VERSION)

    @admin.action(description=_("They are pointers, whatever they look like"), permissions=["decide"])
    def call_pointer(self, request: HttpRequest, queryset: TagQuerySet) -> None:
        queryset.set_role(Role.POINTER)

    @admin.action(description=_("Decide by name and behaviour again"), permissions=["decide"])
    def let_decide(self, request: HttpRequest, queryset: TagQuerySet) -> None:
        queryset.forget_role()


@admin.register(Movement)
class MovementAdmin(ReadOnly):
    list_display = ["sentence", "repository", "after", "before", "kind"]
    list_filter = ["kind"]
    list_select_related = ["tag__repository__registry", "repository__registry"]
    search_fields = ["tag__name", "repository__name", "to_version", "from_version"]
    ordering = ["-before", "-pk"]


@admin.register(Coverage)
class CoverageAdmin(ReadOnly):
    list_display = ["repository", "watched", "reason", "since", "until"]
    list_filter = ["watched"]
    list_select_related = ["repository__registry"]
    ordering = ["-since", "-pk"]


def _poll_soon(model_admin: admin.ModelAdmin, request: HttpRequest, repositories: RepositoryQuerySet) -> None:
    count = repositories.look_soon()
    said = ngettext(
        "%d repository is polled within a few seconds.", "%d repositories are polled within a few seconds.", count
    )
    model_admin.message_user(request, said % count, messages.SUCCESS)


def _paused_or_resumed(repositories: RepositoryQuerySet, enabled: bool) -> None:
    if enabled:
        repositories.look_soon()
    else:
        repositories.pause()
