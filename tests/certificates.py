"""Certificates for registries that speak TLS."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ["*.example.com", "*.example.net", "*.docker.io", "public.ecr.aws", "quay.io", "example.com", "localhost"]
"""Of registries in tests and in recorded cases, whose look-up leads to a server here."""


@dataclass(frozen=True)
class Certificates:
    authority: str  # PEM, for the client
    client: str  # PEM, key and certificate of a client that it vouches for
    server: ssl.SSLContext
    demanding: ssl.SSLContext
    """For a server that wants a client's certificate."""
    chain: Path
    """The server's key and certificate, PEM in one file, for programs that are no Python."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """For 127.0.0.1 and NAMES."""
    folder = tmp_path_factory.mktemp("certificates")
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, "authority", authority_key, x509.BasicConstraints(True, None))
    names = x509.SubjectAlternativeName(
        [
            *(x509.DNSName(name) for name in NAMES),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    server = _certificate("server", server_key, "authority", authority_key, names)
    chain = folder / "server.pem"
    chain.write_bytes(_pem(server_key, server))
    client_key = ec.generate_private_key(ec.SECP256R1())
    client = _certificate("client", client_key, "authority", authority_key, x509.BasicConstraints(False, None))
    pem = authority.public_bytes(serialization.Encoding.PEM).decode()
    server_context, demanding = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for context in (server_context, demanding):
        context.load_cert_chain(chain)
    demanding.load_verify_locations(cadata=pem)
    demanding.verify_mode = ssl.CERT_REQUIRED
    return Certificates(pem, _pem(client_key, client).decode(), server_context, demanding, chain)


def self_signed(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return _certificate(name, key, name, key, x509.BasicConstraints(True, None))


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - datetime.timedelta(days=1),
        not_valid_after=now + datetime.timedelta(days=1),
    )
    critical = isinstance(extension, x509.BasicConstraints)
    return builder.add_extension(extension, critical=critical).sign(issuer_key, hashes.SHA256())


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
