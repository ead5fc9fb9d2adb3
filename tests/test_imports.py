"""The house's rule: imports point one way (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# What a module may import of ours, the most particular name first; what is not named here may import everything.
PURE = ("tags.registry", "tags.versions", "tags.timeline", "tags.aliases")
DOORS = (
    "tags.tasks",
    "tags.management",
    "tags.views",
    "tags.feeds",
    "tags.api",
    "tags.access",
    "tags.admin",
    "tags.urls",
    "tags.templatetags",
    "tags.middleware",
)
MAY_IMPORT = {
    "tags.registry": ("tags.registry",),
    "tags.versions": (),
    "tags.timeline": ("tags.timeline", "tags.versions"),
    "tags.aliases": ("tags.versions",),
    "tags.encryption": (),
    "tags.moments": (),
    "tags.models": (*PURE, "tags.models", "tags.encryption"),
    "tags.sharing": (*PURE, "tags.encryption"),
    "tags.clients": (*PURE, "tags.models", "tags.sharing"),
    "tags.describing": (*PURE, "tags.models", "tags.clients"),
    "tags.discovery": (*PURE, "tags.models", "tags.clients"),
    "tags.rebuilding": (*PURE, "tags.models"),
    "tags.polling": (*PURE, "tags.models", "tags.clients"),
    "tags.watching": (*PURE, "tags.models"),
    "tags.webhooks": (*PURE, "tags.models"),
    "tags.pages": (*PURE, "tags.models", "tags.moments", "tags.pages"),
}


def modules() -> dict[str, Path]:
    files = sorted(path for path in (ROOT / "tags").rglob("*.py") if "migrations" not in path.parts)
    return {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imported(path: Path) -> set[str]:
    names = set()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            origin = ".".join((*above, *([node.module] if node.module else [])))
            names.update({origin, *(f"{origin}.{alias.name}" for alias in node.names)} - {"tags"})
    return names


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("module", modules())
def test_imports_point_one_way(module: str) -> None:
    ours = {name for name in imported(modules()[module]) if within(name, ("tags", "regviewer"))}
    assert not {name for name in ours if within(name, ("tags.tasks",))}, "nobody imports tasks"
    for package, allowed in MAY_IMPORT.items():
        if within(module, (package,)):
            assert not {name for name in ours if not within(name, allowed)}
            return
    if not within(module, DOORS):
        assert not {name for name in ours if within(name, DOORS)}


@pytest.mark.parametrize("module", [name for name in modules() if within(name, PURE)])
def test_the_pure_modules_know_nothing_of_django(module: str) -> None:
    assert not {name for name in imported(modules()[module]) if within(name, ("django", "celery"))}


def test_only_the_transport_calls_requests() -> None:
    callers = {name for name, path in modules().items() if any(within(used, ("requests",)) for used in imported(path))}
    assert callers == {"tags.registry.transport", "tags.registry.connection"}  # the latter is the former's adapter
