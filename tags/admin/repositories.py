"""Repositories: which are watched, how often, and how their polls went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tags.admin.guards import DeletesItsPast
from tags.models import Heartbeat, Registry, Repository
from tags.pages.clock import point

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpRequest

    from tags.models.repository import RepositoryQuerySet


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
        "refused_names",
        "refused_example",
        "polled_at",
        "checked_at",
        "next_poll_at",
    ]
    readonly_fields = [
        *("outcome", "error", "failures", "refused_names", "refused_example"),
        *("polled_at", "checked_at", "next_poll_at"),
    ]

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
            paused_or_resumed(Repository.objects.filter(pk=obj.pk), obj.enabled)

    @admin.action(description=_("Poll now"), permissions=["change"])
    def poll_now(self, request: HttpRequest, queryset: RepositoryQuerySet) -> None:
        poll_soon(self, request, queryset)


def poll_soon(model_admin: admin.ModelAdmin, request: HttpRequest, repositories: RepositoryQuerySet) -> None:
    now = timezone.now()
    waiting = Q(registry__throttled_until__gt=now)
    silent = Registry.objects.filter(repositories__in=repositories.filter(waiting)).distinct()
    for registry in silent:
        until = point(now + registry.silence(now), now, seconds=True)
        told = _("%(registry)s had too many requests: nothing of it is polled before %(time)s.")
        model_admin.message_user(request, told % {"registry": registry, "time": until}, messages.WARNING)
    if count := repositories.exclude(waiting).count():
        if is_silent := Heartbeat.is_silent():
            said = ngettext(
                "It is noted, but no worker is seen: %d repository is polled as soon as one runs.",
                "It is noted, but no worker is seen: %d repositories are polled as soon as one runs.",
                count,
            )
        else:
            said = ngettext(
                "%d repository is polled within a few seconds.",
                "%d repositories are polled within a few seconds.",
                count,
            )
        model_admin.message_user(request, said % count, messages.WARNING if is_silent else messages.SUCCESS)
    repositories.look_soon()


def paused_or_resumed(repositories: RepositoryQuerySet, enabled: bool) -> None:
    if enabled:
        repositories.look_soon()
    else:
        repositories.pause()
