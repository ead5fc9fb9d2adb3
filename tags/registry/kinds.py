"""The kinds of registry, and which one a registry is."""

import re
from typing import Any

from .client import Client
from .glance import Glance
from .settings import Settings
from .vendors.acr import Acr
from .vendors.artifactory import Artifactory
from .vendors.digitalocean import DigitalOcean
from .vendors.dockerhub import DockerHub
from .vendors.ecr import Ecr
from .vendors.ghcr import Ghcr
from .vendors.gitea import Gitea
from .vendors.gitlab import GitLab
from .vendors.google import Google
from .vendors.harbor import Harbor
from .vendors.nexus import Nexus
from .vendors.quay import Quay
from .vendors.zot import Zot

PLAIN = "oci"

KINDS: dict[str, type[Client]] = {
    PLAIN: Client,
    "dockerhub": DockerHub,
    "quay": Quay,
    "google": Google,
    "harbor": Harbor,
    "acr": Acr,
    "ecr": Ecr,
    "gitlab": GitLab,
    "ghcr": Ghcr,
    "artifactory": Artifactory,
    "nexus": Nexus,
    "zot": Zot,
    "digitalocean": DigitalOcean,
    "gitea": Gitea,
}


def kind_by_address(address: str) -> str:
    """The kind that an address gives away; empty when it could be any."""
    return next((kind for kind, client in KINDS.items() if re.fullmatch(client.ADDRESSES, address.lower())), "")


def kind_by_glance(glance: Glance) -> str:
    """The kind that an answer gives away, plain OCI when it could be any."""
    return next((kind for kind, client in KINDS.items() if client.is_seen_in(glance)), PLAIN)


def connect(settings: Settings, **options: Any) -> Client:
    """The client for a registry; a kind nobody knows (any more) is read as plain OCI."""
    kind = settings.kind or kind_by_address(settings.address)
    return KINDS.get(kind, Client)(settings, **options)
