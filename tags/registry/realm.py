"""Whether a registry may send us, and our credentials, to the address it names for tokens."""

import ipaddress
import re
import socket
from functools import cache
from typing import Literal
from urllib.parse import urljoin, urlsplit

from publicsuffixlist import PublicSuffixList

from .gate import IPAddress, is_inside, is_never
from .origin import Origin

Verdict = Literal["allow", "anonymous", "refuse"]

# Under these, neighbours are strangers too, though the public suffix list does not have them: only the very same host
# is trusted there.
_SHARED = (
    "aliyuncs.com",
    "amazonaws.com",
    "azurecr.io",
    "cloudsmith.io",
    "icr.io",
    "ionos.com",
    "jfrog.io",
    "myhuaweicloud.com",
    "nip.io",
    "ntruss.com",
    "ocir.io",
    "pkg.dev",
    "scw.cloud",
    "sslip.io",
    "tencentcloudcr.com",
    "windows.net",
)

_REGION = r"(?P<region>[a-z]+-[a-z0-9-]+)"
_KNOWN = {
    rf"registry\.{_REGION}\.aliyuncs\.com": r"https://dockerauth.\g<region>.aliyuncs.com/auth",
    rf"[a-z0-9-]+\.{_REGION}\.personal\.cr\.aliyuncs\.com": r"https://dockerauth.\g<region>.aliyuncs.com/auth",
    rf"[a-z0-9-]+-registry\.{_REGION}\.cr\.aliyuncs\.com": r"https://dockerauth-ee.\g<region>.aliyuncs.com/auth",
}
"""Token endpoints of registries whose owner no name tells: expression for the registry's host, and the realm."""


def judge_realm(registry: str, realm: str, approved: frozenset[str] = frozenset()) -> Verdict:
    """`allow` credentials there, only an `anonymous` token request, or `refuse` to send anything.

    `registry` is its scheme and host; `approved` are realms that a person has allowed for it. Nothing goes from https
    down to http, nor to cloud metadata, and nothing but the registry's own host may be an address inside a network
    unless approved.
    """
    own = Origin.parse(registry)
    try:
        url = resolve_realm(registry, realm)
        target = Origin.parse(url)
    except ValueError:
        return "refuse"
    address = _address(target.host)
    if (target.scheme == "http" and own.scheme == "https") or (address and is_never(address)):
        return "refuse"
    if target == own or is_approved(url, approved) or is_approved(url, _known(own)):
        return "allow"
    internal = is_inside(address) if address else _is_internal_name(target.host)
    if (target.host == own.host and not internal) or (address is None and _same_owner(target.host, own.host)):
        return "allow"
    return "refuse" if internal else "anonymous"


def resolve_realm(registry: str, realm: str) -> str:
    """The realm as an absolute URL without its fragment; ValueError if it cannot be one."""
    if not re.fullmatch(r"[\x21-\x7e]{1,2000}", realm) or "\\" in realm:
        raise ValueError("not a URL")
    return urljoin(registry + "/", realm).partition("#")[0]


def is_approved(realm: str, approved: frozenset[str]) -> bool:
    """Whether `realm`, a whole URL, is among those, whatever its query."""
    return _endpoint(realm) in map(_endpoint, approved)


def _endpoint(url: str) -> tuple[Origin, str]:
    return Origin.parse(url), urlsplit(url).path.rstrip("/")


def _known(registry: Origin) -> frozenset[str]:
    matches = ((re.fullmatch(host, registry.host), realm) for host, realm in _KNOWN.items())
    return frozenset(match.expand(realm) for match, realm in matches if match)


def _address(host: str) -> IPAddress | None:
    """The address that a host is written as.

    Resolvers read `127.1`, `0x7f000001` and `2130706433` as addresses although they are written like names.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))
    except OSError:
        return None


def _is_internal_name(host: str) -> bool:
    last = host.rpartition(".")[2]
    return "." not in host or last.isdecimal() or last in {"localhost", "local", "internal", "lan", "home", "arpa"}


def _same_owner(one: str, other: str) -> bool:
    """Whether both names lie under one name that somebody registered: `auth.docker.io` and `registry-1.docker.io`."""
    registered = _registered_name(one)
    return registered is not None and registered == _registered_name(other)


def _registered_name(host: str) -> str | None:
    if _address(host) or any(f".{host}".endswith(f".{suffix}") for suffix in _SHARED):
        return None
    return _public_suffixes().privatesuffix(host)


@cache
def _public_suffixes() -> PublicSuffixList:
    """Read when first needed, in a twentieth of a second; names with an ending of one's own, such as corp.local, have
    their last label for suffix.
    """
    return PublicSuffixList()
