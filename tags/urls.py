"""The site map of the pages: an address is an image reference, nothing that can be part of a name follows one."""

from django.urls import path, register_converter

from tags.health import healthz
from tags.registry import Reference
from tags.views.board import board
from tags.views.movements import movements, movements_of
from tags.views.registries import registries
from tags.views.repository import repository
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


register_converter(RepositoryConverter, "repository")
register_converter(TagConverter, "tag")

urlpatterns = [
    path("healthz", healthz),
    path("webhooks/<int:registry_id>/", webhook, name="webhook"),
    path("", board, name="board"),
    path("movements/", movements, name="movements"),
    path("movements/<repository:reference>/", movements_of, name="movements_of"),
    path("registries/", registries, name="registries"),
    path("<repository:reference>/", repository, name="repository"),
    path("<tag:reference>/", tag, name="tag"),
]
