from dataclasses import FrozenInstanceError

import pytest

from tags.registry import Settings, check_settings
from tests.certificates import Certificates


@pytest.mark.parametrize(
    "address",
    ["", "a b", "user:pw@host", "[::1", "[x]", "https://host", "host/path", "host?x", "host#x", "host\\x", "a\nb"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is no address of a registry"):
        check_settings(Settings(address))


@pytest.mark.parametrize("address", ["host:port", "host:99999", "host:0", "host:-1", "[::1]:99999"])
def test_a_port_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"^'.*' has no usable port$"):
        check_settings(Settings(address))


@pytest.mark.parametrize(
    "address", ["docker.io", "host", "host:", "127.0.0.1:5000", "[::1]:5000", "Registry.example.com"]
)
def test_an_address_that_is_one_is_taken(address: str) -> None:
    check_settings(Settings(address))


BROKEN = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("pem", [" ", "# Zürich\n", "no certificate", "\x00", BROKEN])
def test_a_certificate_that_is_none_is_refused(pem: str) -> None:
    with pytest.raises(ValueError, match="the CA certificate is no PEM certificate"):
        check_settings(Settings("registry.example.com", ca_certificate=pem))


def test_a_certificate_that_is_one_is_taken(certificates: Certificates) -> None:
    check_settings(Settings("registry.example.com", ca_certificate=certificates.authority))


def test_docker_hub_is_asked_at_its_own_host() -> None:
    assert str(Settings("docker.io").origin) == "https://registry-1.docker.io"
    assert str(Settings("127.0.0.1:5000", plain_http=True).origin) == "http://127.0.0.1:5000"


def test_settings_can_be_keys_and_do_not_show_the_secret() -> None:
    settings = Settings("docker.io", username="ann", secret="s3cret")
    assert {settings: 1}[Settings("docker.io", username="ann", secret="s3cret")] == 1
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(settings.credential)
    with pytest.raises(FrozenInstanceError):
        settings.secret = "other"  # type: ignore[misc]
