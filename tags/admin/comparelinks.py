"""Compare links: where the commits between two images can be read, on hosts of one's own."""

from __future__ import annotations

from django.contrib import admin

from tags.models import CompareLink


@admin.register(CompareLink)
class CompareLinkAdmin(admin.ModelAdmin):
    list_display = ["source", "template"]
    search_fields = ["source", "template"]
