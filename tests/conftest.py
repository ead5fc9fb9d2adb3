"""Fixtures and rules for every test."""

from tests.certificates import certificates
from tests.fakeregistry import fake_registry
from tests.services import docker_registry, postgres_url, redis_url

pytest_plugins = ["tests.no_skips"]

__all__ = ["certificates", "docker_registry", "fake_registry", "postgres_url", "redis_url"]
