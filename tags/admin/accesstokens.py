"""Access tokens: their keys are shown once, when they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.utils.translation import gettext_lazy as _

from tags.models import AccessToken

if TYPE_CHECKING:
    from django.forms import ModelForm
    from django.http import HttpRequest


@admin.register(AccessToken)
class AccessTokenAdmin(admin.ModelAdmin):
    list_display = ["name", "created_at", "expires_at", "last_used_on"]
    search_fields = ["name"]
    fields = ["name", "expires_at", "created_at", "last_used_on"]
    readonly_fields = ["created_at", "last_used_on"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return "key_hash" not in lookup and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: AccessToken, form: ModelForm, change: bool) -> None:
        if change:
            # Whoever uses it at this moment notes that in another field.
            obj.save(update_fields=["name", "expires_at"])
            return
        key = obj.make_key()
        super().save_model(request, obj, form, change)
        said = _("The key of %(name)s is %(key)s . It is shown only now: keep it where it is safe.")
        self.message_user(request, said % {"name": obj.name, "key": key}, messages.WARNING)
