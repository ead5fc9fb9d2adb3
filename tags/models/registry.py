"""A server that holds images."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils.translation import gettext_lazy as _

from tags import registry
from tags.encryption import decrypt, encrypt
from tags.models import databaseclock
from tags.models.throttled import HEARD, Throttled
from tags.models.troubled import COUNTED, Troubled

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection


MOST_CONCURRENT = 64  # more only brings a registry to its knees

BOUND_TO_ORIGIN = (
    "encrypted_secret",
    "encrypted_api_token",
    "encrypted_client_certificate",
    "approved_realms",
    "recognised_kind",
    "proposed_realm",
    *HEARD,
    *COUNTED,
)
"""What was said of, or to, a registry at one address, and is not to be told to another."""


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


def _to_leave_alone(now: dt.datetime) -> Q:
    return Q(throttled_until__gt=now) | Q(retry_at__gt=now)


def _to_try_with_care(now: dt.datetime) -> Q:
    read = Registry.objects.filter(pk=OuterRef("pk"), repositories__checked_at__isnull=False)
    return Q(cautious_until__gt=now) | Q(failures__gt=0) | Q(~Exists(read))


class RegistryQuerySet(models.QuerySet["Registry"]):
    def to_leave_alone(self, now: dt.datetime) -> RegistryQuerySet:
        """Those that want silence, and those that failed lately."""
        return self.filter(_to_leave_alone(now))

    def to_try_with_care(self, now: dt.datetime) -> RegistryQuerySet:
        """Those of which one poll at a time is enough: they had too much, or fail, or were never read yet."""
        return self.filter(_to_try_with_care(now))

    def most_polls(self, now: dt.datetime, share: int) -> models.QuerySet[Registry, int]:
        """How many polls of each may be in work at a time, where no other may have more than `share`."""
        alone, one = When(_to_leave_alone(now), then=Value(0)), When(_to_try_with_care(now), then=Value(1))
        return self.values_list(Case(alone, one, default=Value(share)), flat=True)


class Registry(Throttled, Troubled):
    """What people say of a registry, and what pollers learn of it as a whole; its repositories know what it holds."""

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
    encrypted_webhook_secret = models.TextField(editable=False, blank=True)
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
    next_discovery_at = models.DateTimeField(
        editable=False, null=True, help_text=_("When its catalog is read next; null: there are no patterns to match.")
    )
    discovery_error = models.TextField(_("error of the last catalog"), editable=False, blank=True)

    objects = RegistryQuerySet.as_manager()

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
        """Save; what was kept for other origins is dropped, so that it is never sent to the new ones."""
        dropped = self._kept_for_other_origins()
        for field in self._meta.concrete_fields:
            if field.name in dropped:
                setattr(self, field.name, field.get_default())
        if dropped and (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, *dropped}
        super().save(*args, **kwargs)
        self._stored = self.origins, self._bound()

    def clean(self) -> None:
        """Refuse what no client could work with, before the first poll does."""
        if self.address:
            settings = registry.Settings(
                self.address,
                plain_http=self.plain_http,
                ca_certificate=self.ca_certificate,
                api_address=self.api_address,
                docker_config=self.docker_config,
            )
            try:
                registry.check_settings(settings)
            except ValueError as error:
                raise ValidationError(str(error)) from error

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        instance = super().from_db(db, field_names, values, **more)
        if {"address", "plain_http", "api_address", *BOUND_TO_ORIGIN} <= set(field_names):
            instance._stored = instance.origins, instance._bound()
        return instance

    @property
    def origins(self) -> tuple[str, str]:
        """Where it and its vendor's API are; who says something of it has seen it there."""
        return self.origin, self.api_address

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

    def reveal_webhook_secret(self) -> str:
        """What the registry shows or signs with when it tells of a push."""
        return decrypt(self.encrypted_webhook_secret)

    def set_webhook_secret(self, secret: str) -> None:
        self.encrypted_webhook_secret = encrypt(secret)

    def client_settings(self) -> registry.Settings:
        return registry.Settings(
            address=self.address,
            plain_http=self.plain_http,
            username=self.username,
            secret=self.reveal_secret(),
            ca_certificate=self.ca_certificate,
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            approved_realms=frozenset(self.approved_realms.split()),
            kind=self.kind or self.recognised_kind,
            api_address=self.api_address,
            api_token=self.reveal_api_token(),
            client_certificate=self.reveal_client_certificate(),
            docker_config=self.docker_config,
        )

    def wants(self, repository: str) -> bool:
        """Whether the patterns ask for this repository (a path without the address) to be watched."""
        included = any(fnmatch.fnmatchcase(repository, pattern) for pattern in self.included)
        excluded = any(fnmatch.fnmatchcase(repository, pattern) for pattern in self.excluded)
        return included and not excluded

    @property
    def included(self) -> list[str]:
        """The patterns of repositories to watch."""
        return [line for line in self._pattern_lines() if not line.startswith("!")]

    @property
    def excluded(self) -> list[str]:
        """The patterns of those not to watch, whatever else matches them."""
        return [line[1:].strip() for line in self._pattern_lines() if line.startswith("!")]

    def as_polled(self) -> models.QuerySet[Registry]:
        """Its row, unless it was given another address since: what was heard at the old one says nothing of the new."""
        origins = {"address": self.address, "plain_http": self.plain_http, "api_address": self.api_address}
        return Registry.objects.filter(pk=self.pk, **origins)

    def recognised_as(self, kind: str) -> None:
        """Note what kind of registry answers at its address."""
        self.as_polled().update(recognised_kind=kind)
        self.recognised_kind = kind

    def heard(self, listing: registry.Listing) -> None:
        """Note how much it may be asked, whether it fails, and which token endpoint it wants approved."""
        row = self.as_polled()
        self.note_limits(row, listing)
        self.note_trouble(row, listing)
        self.propose_realm(listing.error, listing.repository)

    def propose_realm(self, error: registry.RegistryError | None, repository: str = "") -> None:
        """Remember the token endpoint that a poll waits for, or that none is waited for; `error` is how it ended.

        What one repository can be read without, as those are that anybody may read, another may still wait for.
        """
        realm = error.realm if isinstance(error, registry.NeedsApproval) else ""
        if realm == self.proposed_realm or (error and not realm) or (not realm and self._awaits_approval(repository)):
            return
        with transaction.atomic():
            stored = self.as_polled().select_for_update().first()
            if stored is None or realm in stored.approved_realms.split():
                return  # while the poll was under way
            stored.proposed_realm = self.proposed_realm = realm
            stored.save(update_fields=["proposed_realm"])

    def _awaits_approval(self, but_for: str) -> bool:
        waiting = self.repositories.watched().filter(error__contains=registry.NeedsApproval.PREFIX)
        return waiting.exclude(name=but_for).exists()

    def approve_realm(self, realm: str) -> None:
        """Let its credentials go to this token endpoint from now on; its catalog and repositories are due at once."""
        with transaction.atomic():
            stored = Registry.objects.select_for_update().get(pk=self.pk)
            realms = stored.approved_realms.split()
            stored.approved_realms = "\n".join([*realms, *({realm} - {*realms})])
            stored.proposed_realm = "" if stored.proposed_realm == realm else stored.proposed_realm
            stored.next_discovery_at = databaseclock.now()
            stored.save(update_fields=["approved_realms", "proposed_realm", "next_discovery_at"])
        self.approved_realms, self.proposed_realm = stored.approved_realms, stored.proposed_realm
        self.repositories.look_soon()

    def _pattern_lines(self) -> list[str]:
        return [line.strip() for line in self.patterns.splitlines() if line.strip()]

    def _kept_for_other_origins(self) -> set[str]:
        """The fields, none where no origin changed, that nobody gave anew together with the new address."""
        origins, bound = getattr(self, "_stored", (self.origins, {}))
        kept = {name for name, value in bound.items() if getattr(self, name) == value}
        if "encrypted_secret" in kept:
            kept.add("username")
        return kept if origins != self.origins else set()

    def _bound(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in BOUND_TO_ORIGIN}
