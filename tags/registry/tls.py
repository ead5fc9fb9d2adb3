"""TLS contexts: whom we trust, and who we say we are."""

import os
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import certifi
from urllib3.util.ssl_ import create_urllib3_context

from .deadline import BoundedTLSSocket
from .origin import Origin


@dataclass(frozen=True, slots=True)
class Identity:
    """A client certificate with its private key, PEM, and the one origin that it is shown to."""

    origin: Origin
    certificate: str = field(repr=False)


def tls_context(ca_certificate: str = "", client_certificate: str = "") -> ssl.SSLContext:
    """Trusts the public authorities and `ca_certificate`, shows `client_certificate` to who asks; both are PEM.

    Raises ValueError, in words for the person who typed them, when they are none.
    """
    context = create_urllib3_context()
    context.sslsocket_class = BoundedTLSSocket
    context.load_verify_locations(cafile=certifi.where())
    if ca_certificate:
        _trust(context, ca_certificate)
    if client_certificate:
        _identify(context, client_certificate)
    return context


def check_pem(ca_certificate: str, client_certificate: str) -> None:
    """Raises ValueError, in words for the person who typed them, when they are no certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_certificate:
        _trust(context, ca_certificate)
    if client_certificate:
        _identify(context, client_certificate)


def _trust(context: ssl.SSLContext, pem: str) -> None:
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, TypeError, ValueError) as error:  # TypeError: it is not ASCII
        raise ValueError("the CA certificate is no PEM certificate") from error


def _identify(context: ssl.SSLContext, pem: str) -> None:
    def no_passphrase() -> str:
        raise ValueError("the key of the client certificate is encrypted: give it without a passphrase")

    descriptor, path = tempfile.mkstemp()  # OpenSSL reads private keys from files only; this one is ours alone
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(pem)
        context.load_cert_chain(path, password=no_passphrase)
    except (ssl.SSLError, UnicodeError) as error:
        raise ValueError(
            "the client certificate is no PEM text of a certificate and the private key that belongs to it"
        ) from error
    finally:
        Path(path).unlink()
