"""The next page of a list, from the Link header (RFC 8288) as registries really send it."""

import re
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

from .errors import BadAnswer

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = rf"""\s*;\s*({_NAME})(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",;\\]*))?"""
_LINK = re.compile(rf"[\s,]*<([^<>\s\\]*)>((?:{_PARAMETER})*)\s*;?\s*(?:,|$)")
_PARAMETERS = re.compile(_PARAMETER)


def next_page(base: str, header: str | None, answered_at: str = "") -> str | None:
    """The URL of the page after `base`, None at the end; raises BadAnswer for a link that must not be followed.

    `answered_at` is the URL that `base` was redirected to, if it was: the link may name that host as well.

    Only the query is taken from the link: registries behind proxies and virtual repositories name a path, a scheme or
    a port of their own that leads nowhere (Artifactory, Nexus), and whoever controls the link must not choose the host.
    """
    target = _next_target(base, header)
    if target is None:
        return None
    own, query = urlsplit(base), _query(base, target, answered_at or base)
    if sorted(parse_qsl(query, keep_blank_values=True)) == sorted(parse_qsl(own.query, keep_blank_values=True)):
        # Behind a redirect that loses the query every page is the first, and links to the one just asked for.
        raise _refused(base)
    return own._replace(query=query, fragment="").geturl()


def _next_target(base: str, header: str | None) -> str | None:
    if not header or not header.strip():
        return None
    without_rel: str | None = None
    any_rel = False
    position = 0
    while position < len(header):
        link = _LINK.match(header, position)
        if link is None:
            raise _refused(base)
        relations = _relations(link[2])
        if relations is not None and "next" in relations:
            return str(link[1])
        any_rel = any_rel or relations is not None
        without_rel = without_rel or link[1]
        position = link.end()
    return None if any_rel else without_rel


def _relations(parameters: str) -> list[str] | None:
    for name, value in _PARAMETERS.findall(parameters):
        if name.lower() == "rel":
            words: list[str] = value.strip("\"'").lower().split()
            return words
    return None


def _query(base: str, target: str, answered_at: str) -> str:
    try:
        link = urlsplit(urljoin(answered_at, target))
        known = _host(link) in {_host(urlsplit(base)), _host(urlsplit(answered_at))}
    except ValueError as error:
        raise _refused(base) from error
    if not known or "@" in link.netloc:
        raise _refused(base)
    return link.query


def _host(parts: SplitResult) -> tuple[str | None, int | None]:
    """Without a scheme's own port, so that http and https of one host, as seen through a proxy, are the same."""
    return parts.hostname, None if parts.port == {"http": 80, "https": 443}.get(parts.scheme) else parts.port


def _refused(base: str) -> BadAnswer:
    parts = urlsplit(base)
    return BadAnswer(f"{parts.netloc} names a next page that cannot be followed (GET {parts.path})")
