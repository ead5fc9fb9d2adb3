"""Images as build tools push them: configs, manifests and indexes, put into a fake registry.

Each function gives the descriptor of what it pushed, as an index or a manifest would name it.
"""

import hashlib
import json
from typing import Any

from tags.registry.manifest import INDEX, OCI_MANIFEST
from tests.fakeregistry import FakeRegistry, Manifest

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def blob(registry: FakeRegistry, content: bytes, media_type: str = CONFIG) -> dict[str, Any]:
    digest = digest_of(content)
    registry.blobs[digest] = content
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def manifest(registry: FakeRegistry, told: dict[str, Any], media_type: str = OCI_MANIFEST) -> dict[str, Any]:
    body = json.dumps({"schemaVersion": 2, "mediaType": media_type, **told}).encode()
    pushed = Manifest(media_type, body)
    registry.manifests[pushed.digest] = pushed
    return {"mediaType": media_type, "digest": pushed.digest, "size": len(body)}


def image(
    registry: FakeRegistry,
    content: str = "",
    *,
    platform: str = "linux/amd64",
    labels: object = None,
    created: object = "2026-05-04T08:00:00.123456789Z",
    layers: tuple[int, ...] = (1000, 200),
    **told: Any,
) -> dict[str, Any]:
    """One platform's image; `content` makes it another one, `told` is added to its manifest."""
    system, architecture, *variant = platform.split("/")
    config = {
        "os": system,
        "architecture": architecture,
        **({"variant": variant[0]} if variant else {}),
        "created": created,
        "config": {"Labels": labels, "Env": [content]},
    }
    descriptor = blob(registry, json.dumps(config).encode())
    sizes = [{"mediaType": LAYER, "digest": digest_of(str(size).encode()), "size": size} for size in layers]
    return manifest(registry, {"config": descriptor, "layers": sizes, **told})


def on(platform: str, descriptor: dict[str, Any]) -> dict[str, Any]:
    """The entry of an image in an index."""
    system, architecture, *variant = platform.split("/")
    told = {"os": system, "architecture": architecture, **({"variant": variant[0]} if variant else {})}
    return {**descriptor, "platform": told}


def attestation(registry: FakeRegistry, of: dict[str, Any], content: str = "") -> dict[str, Any]:
    """What BuildKit adds to an index for each image: a manifest that says how it was built, for no platform."""
    told = manifest(registry, {"config": blob(registry, b"{}"), "layers": [], "annotations": {"content": content}})
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": of["digest"]}
    return on("unknown/unknown", told) | {"annotations": annotations}


def index(registry: FakeRegistry, *entries: dict[str, Any], media_type: str = INDEX, **told: Any) -> dict[str, Any]:
    return manifest(registry, {"manifests": list(entries), **told}, media_type)


def tagged(registry: FakeRegistry, repository: str, tag: str, descriptor: dict[str, Any]) -> str:
    """Puts a tag on what was pushed; its digest."""
    return registry.push(repository, tag, manifest=registry.manifests[descriptor["digest"]])
