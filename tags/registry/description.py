"""What an image is, told by its manifest and config: which platforms it runs on, how large and old it is, its labels.

An image for several platforms is an index of others. Of those only one is read (linux/amd64, or else the first): what
they are for stands in the index, who made them and when is the same for all, and each more would cost two requests.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import AddressRefused, BadAnswer, Forbidden, RepositoryMissing
from .manifest import INDEX, OCI_MANIFEST, SCHEMA1, media_type_of, parsed
from .reference import is_digest
from .times import when
from .verified import Verified

_CONFIGS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_DEFAULT_PLATFORM = "linux/amd64"
_UNKNOWN_PLATFORM = "unknown/unknown"
_ABOUT_ANOTHER = "vnd.docker.reference.type"
_CREATED = "org.opencontainers.image.created"
_STANDARD = "org.opencontainers.image."

_LEFT_OUT = (RepositoryMissing, BadAnswer, Forbidden, AddressRefused)
"""Deleted, broken, or kept in a store that is not for us: the rest can be told without it, and no wait would help."""

_DEEPEST = 3
_MOST_BYTES = 2**63 - 1
_MOST_PLATFORMS = 100
_MOST_LABELS = 100
_LONGEST_KEY = 255
_LONGEST_LABEL = 1000


@dataclass(frozen=True, slots=True)
class Description:
    """`size` is in bytes, compressed, of the platform that was read; None where the manifest does not tell.

    `content` is the same for images whose platforms are the very same: of "sha256:" form, "" for an index of nothing.
    """

    media_type: str = ""
    platforms: tuple[str, ...] = ()
    size: int | None = None
    created: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    content: str = ""


def describe(read: Verified, digest: str) -> Description:
    """What the image of that digest is; raises RegistryError when not even its manifest can be had or believed."""
    return _described(read, digest, _DEEPEST)


def _described(read: Verified, digest: str, levels: int) -> Description:
    manifest = read.manifest(digest)
    if "manifests" in manifest:
        if "layers" in manifest or "config" in manifest:
            raise BadAnswer("the manifest is an index and an image at once")  # what it is would be the reader's choice
        return _index(read, manifest, levels)
    if manifest.get("schemaVersion") == 1:
        return _schema1(digest, manifest)
    return _image(read, digest, manifest)


def _index(read: Verified, index: dict[str, Any], levels: int) -> Description:
    images = _images(index)
    one = Description()
    if images and levels:
        default = next((digest for digest, platform in images.items() if platform == _DEFAULT_PLATFORM), None)
        with suppress(*_LEFT_OUT):
            one = _described(read, default or next(iter(images)), levels - 1)
    annotations = _texts(index.get("annotations"))
    platforms = [platform for platform in dict.fromkeys(images.values()) if platform]
    return Description(
        media_type=media_type_of(index.get("mediaType")) or INDEX,
        platforms=tuple(platforms[:_MOST_PLATFORMS]) or one.platforms,
        size=one.size,
        created=one.created or when(annotations.get(_CREATED)),
        labels=_bounded({**one.labels, **annotations}),
        content=_content(images),
    )


def _images(index: dict[str, Any]) -> dict[str, str]:
    """Digest -> platform of the images in an index, without what is only about them: attestations, signatures."""
    images: dict[str, str] = {}
    for entry in _objects(index.get("manifests")):
        digest, annotations, platform = entry.get("digest"), entry.get("annotations"), _platform(entry.get("platform"))
        about_another = isinstance(annotations, dict) and _ABOUT_ANOTHER in annotations
        if isinstance(digest, str) and is_digest(digest) and not about_another and platform != _UNKNOWN_PLATFORM:
            images.setdefault(digest, platform)
    return images


def _image(read: Verified, digest: str, manifest: dict[str, Any]) -> Description:
    descriptor = manifest.get("config")
    descriptor = descriptor if isinstance(descriptor, dict) else {}
    config: dict[str, Any] = {}
    if descriptor.get("mediaType") in _CONFIGS:  # else it is no image but a chart, a signature, a model...
        with suppress(*_LEFT_OUT):
            config = read.config(descriptor.get("digest"))
    return _from_config(
        config,
        media_type=media_type_of(manifest.get("mediaType")) or OCI_MANIFEST,
        size=_size([descriptor, *_objects(manifest.get("layers"))]),
        annotations=_texts(manifest.get("annotations")),
        content=_content([digest]),
    )


def _schema1(digest: str, manifest: dict[str, Any]) -> Description:
    """The old format keeps the config as text in the newest entry of its history, and knows no sizes."""
    newest = next(iter(_objects(manifest.get("history"))), {}).get("v1Compatibility")
    config = parsed(newest.encode(errors="replace")) if isinstance(newest, str) else None
    return _from_config(config or {}, media_type=SCHEMA1, size=None, annotations={}, content=_content([digest]))


def _from_config(
    config: dict[str, Any], *, media_type: str, size: int | None, annotations: dict[str, str], content: str
) -> Description:
    platform = _platform(config)
    settings = config.get("config")
    labels = _texts(settings.get("Labels")) if isinstance(settings, dict) else {}
    return Description(
        media_type=media_type,
        platforms=(platform,) if platform not in {"", _UNKNOWN_PLATFORM} else (),
        size=size,
        created=when(config.get("created")) or when(annotations.get(_CREATED)),
        labels=_bounded({**labels, **annotations}),
        content=content,
    )


def _platform(told: object) -> str:
    """As people write it, `linux/arm64/v8`; empty if it is not told."""
    if not isinstance(told, dict):
        return ""
    parts = [told.get("os"), told.get("architecture"), told.get("variant") or None]
    names = [part for part in parts if isinstance(part, str) and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", part)]
    return "/".join(names) if names[:2] == parts[:2] else ""


def _size(descriptors: Iterable[dict[str, Any]]) -> int | None:
    sizes = [descriptor.get("size") for descriptor in descriptors]
    known = [size for size in sizes if type(size) is int and 0 <= size <= _MOST_BYTES]
    total = sum(known)
    return total if len(known) == len(sizes) and total <= _MOST_BYTES else None


def _content(digests: Iterable[str]) -> str:
    """One digest for a set of images; an index of one image has the content of that image, for it is what is pulled."""
    names = sorted(set(digests))
    return f"sha256:{hashlib.sha256(' '.join(names).encode()).hexdigest()}" if names else ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _texts(value: object) -> dict[str, str]:
    """The texts in an object, made fit for a database: PostgreSQL refuses NUL and lone surrogates, in JSON too."""
    items = value.items() if isinstance(value, dict) else ()
    return {_fit(key, _LONGEST_KEY): _fit(text, _LONGEST_LABEL) for key, text in items if isinstance(text, str)}


def _fit(text: str, longest: int) -> str:
    return re.sub(r"[\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text[:longest])


def _bounded(labels: dict[str, str]) -> dict[str, str]:
    """The standard ones first, for those tell source, revision and version."""
    names = sorted(labels, key=lambda name: not name.startswith(_STANDARD))
    return {name: labels[name] for name in names[:_MOST_LABELS]}
