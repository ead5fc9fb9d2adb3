"""The programs that other tests need do start, hold what is put into them, and end."""

import psycopg
import pytest
import redis
import requests

from tests.services import DockerRegistry

pytestmark = pytest.mark.real


def test_postgresql_answers(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_redis_answers(redis_url: str) -> None:
    assert redis.Redis.from_url(redis_url).ping()


def test_the_registry_keeps_what_is_pushed_over_a_restart_until_it_is_deleted(docker_registry: DockerRegistry) -> None:
    digest = docker_registry.push("shop/app", "production", "2.0")
    docker_registry.stop()
    docker_registry.start()
    assert listed(docker_registry) == ["production"]
    docker_registry.delete("shop/app", digest)
    assert listed(docker_registry) == []


def listed(registry: DockerRegistry) -> list[str]:
    return requests.get(f"http://{registry.address}/v2/shop/app/tags/list", timeout=10).json()["tags"] or []
