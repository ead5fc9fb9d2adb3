"""A registry to try the product with: the `app` example, whose deployment tags move by themselves."""

from tags.demo.registry import DemoRegistry
from tags.demo.story import story

__all__ = ["DemoRegistry", "story"]
