"""The admin: registries and repositories are managed here; what was seen can only be read."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from tags.admin import accesstokens, comparelinks, evidence, registries, repositories

__all__ = ["accesstokens", "comparelinks", "evidence", "registries", "repositories"]

admin.site.site_header = admin.site.site_title = "RegistryViewer"
admin.site.index_title = _("Administration")
