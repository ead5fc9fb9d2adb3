"""A server that holds images."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tags import registry
from tags.encryption import decrypt, encrypt

if TYPE_CHECKING:
    from collections.abc import Collection


MOST_CONCURRENT = 64  # more only brings a registry to its knees


def validate_realms(lines: str) -> None:
    """Raise ValidationError unless each line is the address of a token endpoint."""
    for line in lines.split():
        try:
            registry.Origin.parse(line)
        except ValueError as error:
            raise ValidationError(
                _("“%(line)s” is no address of a token endpoint: write it as https://auth.example.com/token."),
                params={"line": line},
            ) from error


def validate_address(address: str) -> None:
    """Raise ValidationError unless docker would read `address` as a registry's host and port."""
    try:
        domain = registry.Reference.parse(f"{address}/image").domain
    except registry.InvalidReference:
        domain = ""
    if domain != address:
        raise ValidationError(
            _("“%(address)s” is no address of a registry: give host or host:port, as in registry.example.com:5000."),
            params={"address": address},
        )


class Registry(models.Model):
    """What people say of a registry; what pollers learn is kept with its repositories."""

    address = models.CharField(
        _("address"),
        max_length=255,
        unique=True,
        validators=[validate_address],
        help_text=_("Host or host:port as in an image reference, e.g. docker.io or registry.example.com:5000."),
    )
    name = models.CharField(_("name"), max_length=100, blank=True, help_text=_("Shown to people; empty: the address."))
    enabled = models.BooleanField(
        _("enabled"), default=True, help_text=_("Off: nothing of it is polled, its past is kept.")
    )
    interval = models.PositiveIntegerField(
        _("interval"), default=300, validators=[MinValueValidator(1)], help_text=_("Seconds from one look to the next.")
    )
    concurrency = models.PositiveSmallIntegerField(
        _("concurrency"),
        default=8,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CONCURRENT)],
        help_text=_("Requests at the same time, at most."),
    )
    patterns = models.TextField(
        _("repositories to watch"),
        blank=True,
        help_text=_(
            "One pattern a line, e.g. shop/* ; a line that starts with ! leaves out what it matches. "
            "What the catalog holds and a pattern matches is watched by itself. Empty: only what is added by hand."
        ),
    )
    kind = models.CharField(
        _("kind"),
        max_length=20,
        blank=True,
        help_text=_("Empty: as its address says, or else its answer to one harmless request."),
    )
    recognised_kind = models.CharField(_("recognised kind"), max_length=20, blank=True, editable=False)
    api_address = models.CharField(
        _("address of its API"),
        max_length=255,
        blank=True,
        help_text=_(
            "As https://gitlab.example.com, where it is not the registry's own. It may be sent the credentials."
        ),
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests a minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("At most so many, for all its repositories and workers together. Empty: no limit of ours."),
    )
    username = models.CharField(_("user name"), max_length=255, blank=True)
    encrypted_secret = models.TextField(editable=False, blank=True)
    encrypted_api_token = models.TextField(editable=False, blank=True)
    docker_config = models.CharField(
        _("docker config.json"),
        max_length=255,
        blank=True,
        help_text=_(
            "Path of a file on the workers' machines, whose credentials or helpers are used instead of those above."
        ),
    )
    encrypted_client_certificate = models.TextField(editable=False, blank=True)
    plain_http = models.BooleanField(
        _("plain http"), default=False, help_text=_("Ask it without TLS. Credentials then travel in clear.")
    )
    ca_certificate = models.TextField(
        _("CA certificate"),
        blank=True,
        help_text=_("PEM text of the authority that signed the registry's certificate."),
    )
    approved_realms = models.TextField(
        _("approved token endpoints"),
        blank=True,
        validators=[validate_realms],
        help_text=_("Addresses, one a line, that may be sent this registry's credentials besides the registry itself."),
    )
    proposed_realm = models.TextField(_("token endpoint that awaits approval"), editable=False, blank=True)
    throttled_until = models.DateTimeField(
        editable=False, null=True, help_text=_("It had too many requests: nothing is sent before.")
    )
    cautious_until = models.DateTimeField(
        editable=False, null=True, help_text=_("It had too many requests: one at a time until then.")
    )
    quota_limit = models.PositiveIntegerField(editable=False, null=True)
    quota_remaining = models.PositiveIntegerField(editable=False, null=True)
    quota_seen_at = models.DateTimeField(editable=False, null=True)
    next_discovery_at = models.DateTimeField(
        editable=False, null=True, help_text=_("When its catalog is read next; null: there are no patterns to match.")
    )
    discovery_error = models.TextField(_("error of the last catalog"), editable=False, blank=True)

    class Meta:
        verbose_name = _("registry")
        verbose_name_plural = _("registries")
        ordering = ["address"]
        indexes = [
            # read by: tasks.dispatch, for the catalogs that are due
            models.Index("next_discovery_at", name="registry_discovery_due"),
        ]

    def __str__(self) -> str:
        return self.name or self.address

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a secret that was kept for another origin is dropped, so that it is never sent to the new one."""
        origin, secret = getattr(self, "_stored", (None, None))
        if origin and origin != self.origin and secret == self.encrypted_secret:
            self.username = self.encrypted_secret = ""
            self.approved_realms = ""
            if (fields := kwargs.get("update_fields")) is not None:
                kwargs["update_fields"] = {*fields, "username", "encrypted_secret", "approved_realms"}
        super().save(*args, **kwargs)
        self._stored = self._origin_and_secret()

    def clean(self) -> None:
        """Refuse what no client could work with, before the first poll does."""
        if self.address:
            try:
                registry.check_settings(registry.Settings(self.address, ca_certificate=self.ca_certificate))
            except ValueError as error:
                raise ValidationError(str(error)) from error

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        instance = super().from_db(db, field_names, values, **more)
        if {"address", "plain_http", "encrypted_secret"} <= set(field_names):
            instance._stored = instance._origin_and_secret()
        return instance

    @property
    def origin(self) -> str:
        return f"{'http' if self.plain_http else 'https'}://{self.address}"

    # Methods, not a property: what shows the attributes of a row by their names must not come upon the secret.
    def reveal_secret(self) -> str:
        """The password or token in clear, for the client and nobody else."""
        return decrypt(self.encrypted_secret)

    def set_secret(self, secret: str) -> None:
        self.encrypted_secret = encrypt(secret)

    def reveal_api_token(self) -> str:
        return decrypt(self.encrypted_api_token)

    def set_api_token(self, token: str) -> None:
        self.encrypted_api_token = encrypt(token)

    def reveal_client_certificate(self) -> str:
        """Certificate and private key, PEM."""
        return decrypt(self.encrypted_client_certificate)

    def set_client_certificate(self, pem: str) -> None:
        self.encrypted_client_certificate = encrypt(pem)

    def client_settings(self) -> registry.Settings:
        return registry.Settings(
            address=self.address,
            plain_http=self.plain_http,
            username=self.username,
            secret=self.reveal_secret(),
            ca_certificate=self.ca_certificate,
            concurrency=self.concurrency,
            approved_realms=frozenset(self.approved_realms.split()),
            kind=self.kind or self.recognised_kind,
            api_address=self.api_address,
            api_token=self.reveal_api_token(),
            client_certificate=self.reveal_client_certificate(),
            docker_config=self.docker_config,
        )

    def wants(self, repository: str) -> bool:
        """Whether the patterns ask for this repository (a path without the address) to be watched."""
        lines = [line.strip() for line in self.patterns.splitlines() if line.strip()]
        included = any(fnmatch.fnmatchcase(repository, line) for line in lines if not line.startswith("!"))
        excluded = any(fnmatch.fnmatchcase(repository, line[1:].strip()) for line in lines if line.startswith("!"))
        return included and not excluded

    def _origin_and_secret(self) -> tuple[str, str]:
        return self.origin, self.encrypted_secret
