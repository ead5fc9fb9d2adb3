"""Tags, movements and coverage: what was seen is read here, and a tag's role decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tags.models import Coverage, Movement, Tag
from tags.versions import Role

if TYPE_CHECKING:
    from django.http import HttpRequest

    from tags.models.tag import TagQuerySet


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
