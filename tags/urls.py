"""The site map of the pages: an address is an image reference, nothing that can be part of a name follows one."""

from django.urls import include, path, register_converter

from tags.feeds import feed, feed_of_repository, feed_of_tag
from tags.health import healthz
from tags.registry import Reference
from tags.views.badge import badge_of
from tags.views.board import board
from tags.views.compare import comparison
from tags.views.image import image, pinned
from tags.views.matrix import versions_by_pointers
from tags.views.movements import movements, movements_of
from tags.views.registries import registries
from tags.views.repository import repository
from tags.views.search import search_everywhere
from tags.views.tag import tag
from tags.views.webhook import webhook


class RepositoryConverter:
    """An image reference without a tag: docker.io/library/python, or python as people say it."""

    regex = "[^@]+"

    def to_python(self, text: str) -> Reference:
        """Raises InvalidReference, a ValueError: then the address is none of ours."""
        reference = Reference.parse(text)
        if bool(reference.tag) is not self.has_tag:
            raise ValueError(text)
        return reference

    has_tag = False

    def to_url(self, reference: object) -> str:
        return str(reference)


class TagConverter(RepositoryConverter):
    """An image reference with a tag: 127.0.0.1:5000/shop/app:production."""

    has_tag = True


class DigestConverter:
    """A digest or its beginning; of these algorithms only, for python:3 is an image reference."""

    regex = "sha(?:256|384|512):[0-9A-Fa-f]+"

    def to_python(self, text: str) -> str:
        return text.lower()

    def to_url(self, digest: str) -> str:
        return digest


class PinnedConverter(RepositoryConverter):
    """An image reference with a digest, and perhaps a tag before it, as docker and kubectl print it: app@sha256:0f9…"""

    regex = "[^@]+@sha(?:256|384|512):[0-9A-Fa-f]+"

    def to_python(self, text: str) -> Reference:
        name, _at, digest = text.rpartition("@")
        return Reference.parse(f"{name}@{digest.lower()}")


register_converter(DigestConverter, "digest")
register_converter(PinnedConverter, "pinned")
register_converter(RepositoryConverter, "repository")
register_converter(TagConverter, "tag")

urlpatterns = [
    path("healthz", healthz),
    path("webhooks/<int:registry_id>/", webhook, name="webhook"),
    path("api/", include("tags.api.urls")),
    path("", board, name="board"),
    path("movements/", movements, name="movements"),
    path("movements/<repository:reference>/", movements_of, name="movements_of"),
    path("matrix/<repository:reference>/", versions_by_pointers, name="matrix"),
    path("registries/", registries, name="registries"),
    path("search/", search_everywhere, name="search"),
    path("compare/", comparison, name="compare"),
    path("atom/", feed, name="feed"),
    path("atom/<repository:reference>/", feed_of_repository, name="feed_of_repository"),
    path("atom/<tag:reference>/", feed_of_tag, name="feed_of_tag"),
    path("badge/<tag:reference>/", badge_of, name="badge"),
    path("<digest:digest>/", image, name="image"),
    path("<pinned:reference>/", pinned, name="pinned"),
    path("<repository:reference>/", repository, name="repository"),
    path("<tag:reference>/", tag, name="tag"),
]
