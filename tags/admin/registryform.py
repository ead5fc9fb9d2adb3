"""The form of a registry: what is secret goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from tags.models import Registry
from tags.registry import KINDS, Settings, check_settings

WRITE_ONLY = ("secret", "api_token", "client_certificate", "webhook_secret")
"""Fields that show nothing and, left empty, keep what is stored; a box beside each forgets it."""

BOUND = frozenset(WRITE_ONLY) - {"webhook_secret"}
"""Those that we send, and so never to another address than they were given for."""


def _kinds() -> list[tuple[str, Any]]:
    return [("", _("as its address says, or its answer")), *((kind, client.NAME) for kind, client in KINDS.items())]


class WriteOnlyTextarea(forms.Textarea):
    def format_value(self, value: Any) -> str:
        """Nothing: a form that is shown again for a mistake must not hold the key that was typed."""
        return ""


class RegistryForm(forms.ModelForm):
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=_kinds)
    secret = forms.CharField(
        label=_("Password or token"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    forget_secret = forms.BooleanField(label=_("Forget the stored password or token"), required=False)
    api_token = forms.CharField(
        label=_("Token of its API"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    forget_api_token = forms.BooleanField(label=_("Forget the stored token of its API"), required=False)
    client_certificate = forms.CharField(
        label=_("Client certificate"),
        required=False,
        widget=WriteOnlyTextarea(attrs={"autocomplete": "off", "class": "vLargeTextField"}),
    )
    forget_client_certificate = forms.BooleanField(label=_("Forget the stored client certificate"), required=False)

    webhook_secret = forms.CharField(
        label=_("Webhook secret"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    forget_webhook_secret = forms.BooleanField(label=_("Forget the stored webhook secret"), required=False)

    class Meta:
        model = Registry
        fields = [
            "address", "name", "enabled", "kind", "interval", "concurrency", "requests_per_minute", "patterns",
            "username", "docker_config", "approved_realms", "api_address", "plain_http", "ca_certificate",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        meant = {
            "secret": _("With a user name: its password, or a token that the registry takes for one. Without: a token "
                        "that it takes as it is, as Bearer. For an identity token the user name is &lt;token&gt;."),
            "api_token": _("Where its API takes another token than the registry, as that of Quay does."),
            "client_certificate": _("PEM text of a certificate and its private key without a passphrase, shown to the "
                                    "registry alone."),
            "webhook_secret": _("What the registry shows or signs with when it tells of a push."),
        }  # fmt: skip
        for name, what in meant.items():
            stored = getattr(self.instance, f"encrypted_{name}")
            state = _("One is stored; leave empty to keep it.") if stored else _("None is stored.")
            bound = _("Changing an address or the protocol forgets it.") if stored and name in BOUND else ""
            self.fields[name].help_text = f"{what} {state} {bound}".rstrip()

    @property
    def written_fields(self) -> list[str]:
        """The columns that this form has the say in."""
        of_model = {field.name for field in Registry._meta.fields}
        return [*(of_model & {*self.fields}), *(f"encrypted_{name}" for name in WRITE_ONLY)]

    def says(self, name: str) -> bool:
        """Whether the person wants the stored secret of this name replaced or forgotten."""
        return bool(self.cleaned_data[name] or self.cleaned_data[f"forget_{name}"])

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        return address.strip().removeprefix("https://").removeprefix("http://").rstrip("/").lower()

    def clean_api_address(self) -> str:
        address: str = self.cleaned_data["api_address"]
        return address.strip().rstrip("/").lower()

    def clean_client_certificate(self) -> str:
        pem: str = self.cleaned_data["client_certificate"]
        try:
            check_settings(Settings("registry.invalid", client_certificate=pem))
        except ValueError as error:
            raise ValidationError(str(error)) from error
        return pem

    def save(self, commit: bool = True) -> Registry:
        for name in WRITE_ONLY:
            if self.says(name):
                getattr(self.instance, f"set_{name}")(self.cleaned_data[name])
        return super().save(commit)
