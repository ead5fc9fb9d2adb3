"""Where the source of an image can be read: links to its commit, and to the commits between two images.

Source and revision are labels, which anybody may have written: what is not plainly an address makes no link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SOURCE = "org.opencontainers.image.source"
REVISION = "org.opencontainers.image.revision"

LONGEST_SOURCE = 500
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?")
_SCP = re.compile(rf"[A-Za-z0-9._-]+@({_HOST}):(?!//)(.+)")
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~+@-]|%[0-9A-Fa-f]{2})+")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_REVISION = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._/+-]{0,198}[0-9A-Za-z_+-])?")
# What build scripts write when they don't know; and a commit with changes on top is none that a host could show.
_NO_REVISION = re.compile(r"unknown|none|null|head|dev|unspecified|.*-dirty", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{(source|from|to)\}")


class Forge(Enum):
    """A kind of host of source code: its pages of a commit and of the commits between two, oldest first."""

    GITHUB = "{source}/commit/{to}", "{source}/compare/{from}...{to}"  # Gitea and Forgejo have taken it over
    GITLAB = "{source}/-/commit/{to}", "{source}/-/compare/{from}...{to}"
    BITBUCKET = "{source}/commits/{to}", "{source}/branches/compare/{to}%0D{from}"  # the newer one comes first
    AZURE = "{source}/commit/{to}", "{source}/branchCompare?baseVersion={from}&targetVersion={to}"

    @property
    def commit(self) -> str:
        return self.value[0]

    @property
    def comparison(self) -> str:
        return self.value[1]


KNOWN = {
    "github.com": (Forge.GITHUB, "GitHub"),
    "gitlab.com": (Forge.GITLAB, "GitLab"),
    "bitbucket.org": (Forge.BITBUCKET, "Bitbucket"),
    "codeberg.org": (Forge.GITHUB, "Codeberg"),
    "gitea.com": (Forge.GITHUB, "Gitea"),
    "dev.azure.com": (Forge.AZURE, "Azure DevOps"),
}
# Hosts of one's own are mostly called after what runs on them; they go by their own name.
CALLED_AFTER = (
    (re.compile(r"github\..+"), Forge.GITHUB),
    (re.compile(r"(?:.+[.-])?gitlab[.-].+"), Forge.GITLAB),
    (re.compile(r"(?:.+[.-])?(?:gitea|forgejo)[.-].+"), Forge.GITHUB),
    (re.compile(r".+\.visualstudio\.com"), Forge.AZURE),
)


@dataclass(frozen=True, slots=True)
class Link:
    """`host` is what people call the place that `address` leads to."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of source code: its page, without credentials, a query or a slash at its end."""

    address: str
    host: str
    forge: Forge | None

    @property
    def link(self) -> Link:
        return Link(self.host, self.address)


def source_of(labels: Mapping[str, str]) -> Source | None:
    """The source that an image's labels name; None when they name none that can be linked to."""
    told = labels.get(SOURCE, "").strip()
    if len(told) > LONGEST_SOURCE:
        return None
    scp = _SCP.fullmatch(told)
    if scp and "://" not in told:
        return _source("https", scp[1], scp[2])
    try:
        parts = urlsplit(told.removeprefix("git+"))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme in ("ssh", "git"):
        return _source("https", host, parts.path)
    if parts.scheme not in ("http", "https"):
        return None
    return _source(parts.scheme, f"{host}:{port}" if port else host, parts.path)


def _source(scheme: str, address: str, path: str) -> Source | None:
    host = address.lower()
    segments = [segment for segment in path.split("/") if segment]
    if not _ADDRESS.fullmatch(host) or not segments:
        return None
    if any(not _SEGMENT.fullmatch(segment) or segment in (".", "..") for segment in segments):
        return None
    host, segments = _without_ssh(host, segments)
    forge, name = _forge(host)
    segments = _repository(forge, segments)
    if not segments:
        return None
    segments[-1] = segments[-1].removesuffix(".git")
    scheme = "https" if host in KNOWN else scheme
    return Source(f"{scheme}://{host}/{'/'.join(segments)}", name, forge) if segments[-1] else None


def _without_ssh(host: str, segments: list[str]) -> tuple[str, list[str]]:
    """Azure DevOps has hosts of their own for ssh, with addresses of another form: v3/organisation/project/repo."""
    if len(segments) == 4 and segments[0] == "v3":
        _version, organisation, project, repository = segments
        if host == "ssh.dev.azure.com":
            return "dev.azure.com", [organisation, project, "_git", repository]
        if host == "vs-ssh.visualstudio.com":
            return f"{organisation.lower()}.visualstudio.com", [project, "_git", repository]
    return host, segments


def _forge(host: str) -> tuple[Forge | None, str]:
    if host in KNOWN:
        return KNOWN[host]
    return next((forge for pattern, forge in CALLED_AFTER if pattern.fullmatch(host)), None), host


def _repository(forge: Forge | None, segments: list[str]) -> list[str]:
    """The repository alone: many name a folder or a file in it. Empty when it is none."""
    match forge:
        case Forge.GITHUB | Forge.BITBUCKET:
            return segments[:2] if len(segments) > 1 else []
        case Forge.GITLAB if "-" in segments:
            return segments[: segments.index("-")]
        case Forge.AZURE:
            end = segments.index("_git") + 2 if "_git" in segments else 0
            return segments[:end] if 0 < end <= len(segments) else []
        case _:
            return segments


def revision_of(labels: Mapping[str, str]) -> str:
    """The commit, or its tag, that an image's labels name; empty when it could be none."""
    told = labels.get(REVISION, "").strip()
    is_one = _REVISION.fullmatch(told) and ".." not in told and "//" not in told and not _NO_REVISION.fullmatch(told)
    return told if is_one else ""


def commit_link(labels: Mapping[str, str]) -> Link | None:
    """Where the commit that an image was built from can be read."""
    source, revision = source_of(labels), revision_of(labels)
    if source is None or source.forge is None or not revision:
        return None
    if source.forge is Forge.AZURE and not _COMMIT.fullmatch(revision):
        return None
    return Link(source.host, _filled(source.forge.commit, source.address, "", _quoted(revision)))


def compare_link(
    older: Mapping[str, str], newer: Mapping[str, str], patterns: Iterable[tuple[str, str]] = ()
) -> Link | None:
    """Where the commits between two images can be read; None when they are not of one source, or of one commit.

    `patterns` are the beginnings of sources and the templates to use for them (`CompareLink`): the longest counts.
    """
    source, from_, to = source_of(older), revision_of(older), revision_of(newer)
    if source is None or source != source_of(newer) or not from_ or not to or from_ == to:
        return None
    fitting = [(prefix.rstrip("/"), template) for prefix, template in patterns if _begins(source.address, prefix)]
    if fitting:
        template = max(fitting, key=lambda pattern: len(pattern[0]))[1]
    elif source.forge:
        template = source.forge.comparison
    else:
        return None
    if source.forge is Forge.AZURE and not fitting:
        from_, to = _azure(from_), _azure(to)
    address = _filled(template, source.address, _quoted(from_), _quoted(to))
    return Link(source.host, address) if address.startswith(("http://", "https://")) else None


def _begins(source: str, prefix: str) -> bool:
    """Whether a source lies below a prefix: https://git.example.com is no beginning of https://git.example.com.evil."""
    folder = prefix.rstrip("/")
    return bool(folder) and f"{source}/".lower().startswith(f"{folder}/".lower())


def _azure(revision: str) -> str:
    """Azure DevOps wants to be told whether it is a commit or a tag."""
    return f"{'GC' if _COMMIT.fullmatch(revision) else 'GT'}{revision}"


def _quoted(revision: str) -> str:
    return quote(revision, safe="/")


def _filled(template: str, source: str, from_: str, to: str) -> str:
    values = {"source": source, "from": from_, "to": to}
    return _PLACEHOLDER.sub(lambda found: values[found[1]], template)
