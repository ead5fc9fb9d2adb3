"""Secrets at rest: encrypted with the newest of `SECRETS_KEYS`, readable with any of them."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def encrypt(text: str) -> str:
    """Return a token of `text`; an empty text stays empty, so that "no secret" can be asked of the database."""
    return _keys().encrypt(text.encode()).decode() if text else ""


def decrypt(token: str) -> str:
    """Return the text of a token that `encrypt` gave.

    Raises ImproperlyConfigured when none of the keys fits, which means a key was dropped while still in use.
    """
    if not token:
        return ""
    try:
        return _keys().decrypt(token).decode()
    except InvalidToken as error:
        raise ImproperlyConfigured(
            "A stored credential cannot be read with any of SECRETS_KEYS. Put the older key back behind the newer one, "
            "or enter the credential anew in the admin."
        ) from error


def _keys() -> MultiFernet:
    # A key may be any text: hashing gives Fernet the 32 bytes it wants, and loses nothing of a random key.
    digests = (hashlib.sha256(key.encode()).digest() for key in settings.SECRETS_KEYS)
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
