"""Where the commits between two images can be read, on hosts of source code that are not known by themselves."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

PLACEHOLDERS = ("source", "from", "to")
BRACED = re.compile(r"\{([^{}]*)\}")
NOT_IN_ADDRESSES = re.compile(r"[\s\x00-\x20\x7f\"'<>\\`]")


def validate_source(source: str) -> None:
    """Raise ValidationError unless it is an address of the web, without credentials, a query or a fragment."""
    try:
        parts = urlsplit(source)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
        is_address = is_address and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:
        is_address = False
    if not is_address or NOT_IN_ADDRESSES.search(source):
        raise ValidationError(
            _("“%(source)s” is no address of sources: write it as https://git.example.com/."),
            params={"source": source},
        )


def validate_template(template: str) -> None:
    """Raise ValidationError unless what it makes is an address of the web with both revisions in it."""
    if NOT_IN_ADDRESSES.search(template):
        raise ValidationError(_("There is a blank or a quotation mark in it, which no address can have."))
    if not template.startswith(("http://", "https://", "{source}")):
        raise ValidationError(_("It must begin with https://, http:// or {source}."))
    named = BRACED.findall(template)
    unknown = [name for name in named if name not in PLACEHOLDERS]
    if unknown:
        raise ValidationError(
            _("{%(name)s} is not known: only {source}, {from} and {to} are."), params={"name": unknown[0]}
        )
    if re.search(r"[{}]", BRACED.sub("", template)):
        raise ValidationError(_("There is a brace too many, or one too few."))
    if not {"from", "to"} <= set(named):
        raise ValidationError(_("Both {from} and {to} must be in it: without them no two images are compared."))


class CompareLink(models.Model):
    """One pattern: sources whose address begins with `source` are compared at the address that `template` makes."""

    source = models.CharField(
        _("source begins with"),
        max_length=255,
        unique=True,
        help_text=_("As https://git.example.com/ ; of several that fit, the longest counts."),
    )
    template = models.CharField(
        _("address of the comparison"),
        max_length=500,
        help_text=_("With {source}, {from} and {to} in it, as {source}/compare/{from}...{to}"),
    )

    class Meta:
        verbose_name = _("compare link")
        verbose_name_plural = _("compare links")
        ordering = ["source"]

    def __str__(self) -> str:
        return self.source

    def clean(self) -> None:
        wrong: dict[str, ValidationError] = {}
        for name, validate in (("source", validate_source), ("template", validate_template)):
            try:
                validate(getattr(self, name))
            except ValidationError as error:
                wrong[name] = error
        if wrong:
            raise ValidationError(wrong)
