"""The site map: the admin, signing in, and the pages."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView

# What names no icon of its own, as the admin and plain files, is asked for this one by browsers.
icon = login_not_required(RedirectView.as_view(url=lazy(static, str)("tags/icon.svg")))

handler500 = "tags.views.trouble.answer"

urlpatterns = [
    path("favicon.ico", icon),
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("language/", include("django.conf.urls.i18n")),
    path("", include("tags.urls")),
]
