"""Whether a registry may send us, and our credentials, to the address it names for tokens."""

import ipaddress
import re
from typing import Literal
from urllib.parse import urljoin

from .gate import is_inside
from .origin import Origin

Verdict = Literal["allow", "anonymous", "refuse"]

# Under these, neighbours are strangers: only the very same host is trusted there. The public suffix list is longer, but
# these and the rule for countries below cover where registries live, and being too careful costs one approval.
_SHARED = frozenset(
    {
        "aliyuncs.com",
        "amazonaws.com",
        "appspot.com",
        "azurecr.io",
        "azurewebsites.net",
        "cloudfront.net",
        "digitaloceanspaces.com",
        "duckdns.org",
        "dyndns.org",
        "fly.dev",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "jfrog.io",
        "netlify.app",
        "ngrok.app",
        "ngrok.io",
        "nip.io",
        "ondigitalocean.app",
        "onrender.com",
        "pages.dev",
        "pkg.dev",
        "run.app",
        "sslip.io",
        "vercel.app",
        "windows.net",
        "workers.dev",
    }
)


def judge_realm(registry: str, realm: str, approved: frozenset[str] = frozenset()) -> Verdict:
    """`allow` credentials there, only an `anonymous` token request, or `refuse` to send anything.

    `registry` is its scheme and host; `approved` are realms that a person has allowed for it. Nothing goes from https
    down to http, and nothing but the registry's own host may be an address inside a network unless approved.
    """
    own = Origin.parse(registry)
    try:
        target = Origin.parse(resolve_realm(registry, realm))
    except ValueError:
        return "refuse"
    if target.scheme == "http" and own.scheme == "https":
        return "refuse"
    if target == own or _is_approved(registry, realm, approved):
        return "allow"
    internal = _is_internal(target.host)
    if _same_owner(target.host, own.host) or (target.host == own.host and not internal):
        return "allow"
    return "refuse" if internal else "anonymous"


def resolve_realm(registry: str, realm: str) -> str:
    """The realm as an absolute URL without its fragment; ValueError if it cannot be one."""
    if not re.fullmatch(r"[\x21-\x7e]{1,2000}", realm) or "\\" in realm:
        raise ValueError("not a URL")
    return urljoin(registry + "/", realm).partition("#")[0]


def _is_approved(registry: str, realm: str, approved: frozenset[str]) -> bool:
    return _without_query(resolve_realm(registry, realm)) in map(_without_query, approved)


def _without_query(url: str) -> str:
    return url.partition("?")[0].rstrip("/").lower()


def _is_internal(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return _is_internal_name(host)
    return is_inside(address)


def _is_internal_name(host: str) -> bool:
    last = host.rpartition(".")[2]
    return "." not in host or _looks_numeric(last) or last in {"localhost", "local", "internal", "lan", "home", "arpa"}


def _looks_numeric(last_label: str) -> bool:
    """Resolvers read `127.1`, `0x7f000001` and `2130706433` as addresses although they are written like names."""
    return re.fullmatch(r"[0-9]+|0x[0-9a-f]*", last_label) is not None


def _same_owner(one: str, other: str) -> bool:
    """Whether both names lie under one name that somebody registered: `auth.docker.io` and `registry-1.docker.io`."""
    registered = _registered_name(one)
    return registered is not None and registered == _registered_name(other)


def _registered_name(host: str) -> str | None:
    labels = host.split(".")
    name = ".".join(labels[-3:] if _is_country_suffix(labels[-2:]) else labels[-2:])
    shared = any(host == suffix or host.endswith(f".{suffix}") for suffix in _SHARED)
    known = "." in host and not shared and not _is_country_suffix(name.split(".")) and not _looks_numeric(labels[-1])
    return name if known else None


def _is_country_suffix(labels: list[str]) -> bool:
    """`co.uk`, `com.au`, `or.jp`: a country's code below which a short label is shared by everybody."""
    return len(labels) == 2 and len(labels[1]) == 2 and len(labels[0]) <= 3
