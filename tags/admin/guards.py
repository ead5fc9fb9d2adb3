"""What every page of the admin keeps to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from tags.models import Coverage, Movement, Tag

if TYPE_CHECKING:
    from django.http import HttpRequest


class SecretsAreNoFilter(admin.ModelAdmin):
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        # Otherwise ?encrypted_secret__startswith=… would let a reader guess it letter by letter.
        return "encrypted" not in lookup and super().lookup_allowed(lookup, value, request)


class DeletesItsPast(SecretsAreNoFilter):
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What was seen goes with what it was seen of, though nobody may delete it by itself."""
        _objects, counts, needed, protected = super().get_deleted_objects(objs, request)
        evidence = {model._meta.verbose_name for model in (Tag, Movement, Coverage)}
        return [str(obj) for obj in objs], counts, {name for name in needed if name not in evidence}, protected
