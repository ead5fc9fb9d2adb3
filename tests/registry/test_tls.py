from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tags.registry import Client, Settings, Unreachable, check_settings
from tests.certificates import Certificates
from tests.fakeregistry import FakeRegistry, neighbours
from tests.faults import redirect, status


def encrypted(pem: str) -> str:
    key = serialization.load_pem_private_key(pem.encode(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    return locked.decode() + pem[pem.index("-----BEGIN CERTIFICATE") :]


def test_a_client_certificate_lets_us_in(certificates: Certificates) -> None:
    with FakeRegistry(tls=certificates.demanding) as registry:
        registry.push("app", "1.0")
        settings = registry.settings(ca_certificate=certificates.authority, client_certificate=certificates.client)
        with Client(settings) as client:
            listing = client.listing("app")
            assert listing.error is None
            assert len(listing.observations) == 1


def test_without_one_a_registry_that_wants_it_lets_nobody_in(certificates: Certificates) -> None:
    with FakeRegistry(tls=certificates.demanding) as registry:
        with Client(registry.settings(ca_certificate=certificates.authority)) as client:
            assert isinstance(client.listing("app").error, Unreachable)
        assert not registry.requests


@pytest.mark.parametrize("way", ["redirect", "realm"])
def test_a_client_certificate_is_shown_to_the_registry_alone(certificates: Certificates, way: str) -> None:
    """The other server ends every handshake in which none is shown, so its requests tell whether it was."""
    with (
        FakeRegistry(tls=certificates.server) as registry,
        FakeRegistry(tls=certificates.demanding) as elsewhere,
    ):
        if way == "redirect":
            registry.fault(redirect(f"{elsewhere.url}/v2/app/tags/list"))
        else:
            challenge = f'Bearer realm="{elsewhere.url}/token"'
            registry.fault(status(401, {"WWW-Authenticate": challenge}))
        settings = registry.settings(
            ca_certificate=certificates.authority,
            client_certificate=certificates.client,
            approved_realms=frozenset({f"{elsewhere.url}/token"}) | neighbours(elsewhere.url),
        )
        with Client(settings) as client:
            assert isinstance(client.listing("app").error, Unreachable)
        assert registry.requests
        assert not elsewhere.requests


def test_what_is_no_pair_of_certificate_and_key_is_refused(certificates: Certificates) -> None:
    split = certificates.client.index("-----BEGIN CERTIFICATE")
    key, certificate = certificates.client[:split], certificates.client[split:]
    for pem in ("x", "grün", "\x00", key, certificate, key + certificates.authority):
        with pytest.raises(ValueError, match="the client certificate is no PEM text"):
            check_settings(Settings("registry.example.com", client_certificate=pem))
    check_settings(Settings("registry.example.com", client_certificate=certificate + key))
    check_settings(Settings("registry.example.com", client_certificate=certificates.client.replace("\n", "\r\n")))


def test_a_key_with_a_passphrase_is_refused_and_asks_nobody(certificates: Certificates) -> None:
    with pytest.raises(ValueError, match="without a passphrase"):
        check_settings(Settings("registry.example.com", client_certificate=encrypted(certificates.client)))


def test_no_key_is_left_on_the_disk(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    check_settings(Settings("registry.example.com", client_certificate=certificates.client))
    with pytest.raises(ValueError, match="no PEM"):
        check_settings(Settings("registry.example.com", client_certificate="x"))
    assert not list(tmp_path.iterdir())


def test_no_secret_shows_in_settings(certificates: Certificates) -> None:
    settings = Settings("registry.example.com", client_certificate=certificates.client, api_token="t0ken")
    assert "PRIVATE" not in repr(settings)
    assert "t0ken" not in repr(settings)
