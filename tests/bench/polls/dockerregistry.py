"""A docker-registry that holds more tags than anybody would push for a measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakeregistry import Manifest
from tests.services import DockerRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class FilledRegistry(DockerRegistry):
    """Tags are written into its storage as it would write them: pushing takes longer than what is measured."""

    def fill(self, repository: str, tags: Iterable[str]) -> None:
        """Each on an image of its own, which tags of the same name in other repositories share."""
        root = self.storage / "docker/registry/v2"
        manifests = root / "repositories" / repository / "_manifests"
        for tag in tags:
            manifest = Manifest.with_content(tag)
            algorithm, _, digest = manifest.digest.partition(":")
            blob = root / "blobs" / algorithm / digest[:2] / digest / "data"
            if not blob.exists():
                _write(blob, manifest.body)
            _write(manifests / "revisions" / algorithm / digest / "link", manifest.digest.encode())
            _write(manifests / "tags" / tag / "current/link", manifest.digest.encode())


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
