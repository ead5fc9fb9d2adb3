"""Fixtures for every test."""

from tests.fakeregistry import fake_registry

__all__ = ["fake_registry"]
