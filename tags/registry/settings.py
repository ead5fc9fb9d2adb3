"""What one registry needs, and whether a client could work with it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from .credential import Credential, CredentialSource
from .dockerconfig import DockerConfig
from .origin import Origin
from .pages import PAGE_SIZE
from .reference import DOCKER_HUB
from .tls import check_pem

_API_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}


@dataclass(frozen=True, slots=True)
class Settings:
    """`address` is as people write it, `docker.io` or `127.0.0.1:5000`; `ca_certificate` is PEM."""

    address: str
    plain_http: bool = False
    username: str = ""
    secret: str = field(default="", repr=False)
    ca_certificate: str = ""
    concurrency: int = 8
    requests_per_minute: int | None = None
    approved_realms: frozenset[str] = frozenset()
    kind: str = ""
    """One of `kinds.KINDS`; empty: as its address or a glance at it tells."""
    api_address: str = ""
    """Origin of the vendor's API, where it is neither the registry's own nor known for the kind."""
    api_token: str = field(default="", repr=False)
    """For the API alone, where it takes other credentials than the registry: Quay's."""
    client_certificate: str = field(default="", repr=False)
    """PEM: certificate and private key, shown to the registry's own origin."""
    docker_config: str = ""
    """Path of a docker `config.json`, whose credentials and helpers stand in for a user name and a secret."""
    page_size: int = PAGE_SIZE

    @property
    def origin(self) -> Origin:
        """Raises ValueError for an address that is none."""
        if re.search(r"[\s/?#\\]", self.address):  # else everything from there on would be ignored
            raise ValueError(f"{self.address!r} is no address of a registry")
        host = _API_HOSTS.get(self.address.lower(), self.address)
        return Origin.parse(f"{'http' if self.plain_http else 'https'}://{host}")

    @property
    def chosen_origins(self) -> frozenset[Origin]:
        """Where a person sends us, and not the registry; raises ValueError for an address that is none."""
        return frozenset({self.origin, *map(Origin.parse, self.approved_realms)})

    @property
    def credential(self) -> Credential | None:
        """What a person typed; without a user name the secret is a token that the registry takes as it is."""
        return Credential(self.username, self.secret) if self.username or self.secret else None

    @property
    def credentials(self) -> CredentialSource | None:
        """Where the credential of each moment comes from: a new source, that has read nothing yet."""
        return DockerConfig(self.docker_config, self.address) if self.docker_config else self.credential


def check_settings(settings: Settings) -> None:
    """Raises ValueError, in words for the person who typed them, for settings that no client can work with."""
    _ = settings.origin
    check_pem(settings.ca_certificate, settings.client_certificate)
    if settings.api_address:
        _check_api_address(settings)
    if settings.docker_config and not Path(settings.docker_config).expanduser().is_absolute():
        raise ValueError("the path of the docker configuration is not whole: it must begin with / or ~")


def _check_api_address(settings: Settings) -> None:
    origin = Origin.parse(settings.api_address)
    if settings.api_address.lower() != str(origin):
        raise ValueError(f"{settings.api_address!r} is no address of an API: write it as https://gitlab.example.com")
    if origin.scheme == "http" and not settings.plain_http:
        raise ValueError("the API would be sent credentials without TLS, which the registry itself is asked with")
