"""What can happen to a product on a bad day, each a function that does it and is over when it returns."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests import faults

if TYPE_CHECKING:
    from tests.chaos.product import Product
    from tests.fakeregistry import FakeRegistry

Disturbance = Callable[["Product", "FakeRegistry", random.Random], None]
LIST, MANIFEST = "/tags/list", "/manifests/"


def kill_pool_child(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
    product.kill("worker", dice, child=True)


def kill_during(path: str) -> Disturbance:
    """A child is killed while the registry makes it wait for an answer."""

    def disturb(product: Product, registry: FakeRegistry, dice: random.Random) -> None:
        registry.fault(faults.delay(1.5), path=path, times=6)
        time.sleep(dice.uniform(0.5, 3))
        for _ in range(3):
            product.kill("worker", dice, child=True)
        registry.heal()

    disturb.__name__ = f"kill_during_{'list' if path == LIST else 'looks'}"
    return disturb


def kill_whole(part: str) -> Disturbance:
    def disturb(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
        product.kill(part, dice)

    disturb.__name__ = f"kill_{part}"
    return disturb


def stop_worker_past_its_lease(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
    with product.stopped(product.processes().get("worker", [])):
        time.sleep(dice.uniform(48, 55))


def kill_redis(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
    product.redis.process.kill()
    time.sleep(dice.uniform(5, 20))
    product.redis.stop()
    product.redis.start()


def freeze_redis(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
    product.redis.process.send_signal(signal.SIGSTOP)
    time.sleep(dice.uniform(10, 60))
    product.redis.process.send_signal(signal.SIGCONT)


def flush_redis(product: Product, _registry: FakeRegistry, _dice: random.Random) -> None:
    product.redis.client.flushall()


def restart_postgres(product: Product, _registry: FakeRegistry, dice: random.Random) -> None:
    assert product.postgres is not None
    product.postgres.stop()
    time.sleep(dice.uniform(0, 8))
    product.postgres.start()


def end_connections(product: Product, _registry: FakeRegistry, _dice: random.Random) -> None:
    assert product.postgres is not None
    product.postgres.end_all_connections()


def _for_a_while(name: str, action: Callable[[], Callable[..., object]], path: str) -> Disturbance:
    def disturb(_product: Product, registry: FakeRegistry, dice: random.Random) -> None:
        registry.fault(action(), path=path)
        time.sleep(dice.uniform(3, 15))
        registry.heal()

    disturb.__name__ = name
    return disturb


OF_THE_REGISTRY: tuple[Disturbance, ...] = (
    _for_a_while("list_500", lambda: faults.status(500), LIST),
    _for_a_while("list_cut", faults.cut, LIST),
    _for_a_while("list_web_page", faults.web_page, LIST),
    _for_a_while("list_drops", faults.drop, LIST),
    _for_a_while("list_hangs", faults.hang, LIST),
    _for_a_while("list_429", lambda: faults.too_many_requests("2"), LIST),
    _for_a_while("list_404", lambda: faults.status(404), LIST),
    _for_a_while("list_unauthorized", lambda: faults.status(401), LIST),
    _for_a_while("looks_503", lambda: faults.status(503), MANIFEST),
    _for_a_while("looks_drop", faults.drop, MANIFEST),
    _for_a_while("looks_slow", lambda: faults.delay(0.4), MANIFEST),
    _for_a_while("everything_down", lambda: faults.status(502), ""),
)
OF_PROCESSES: tuple[Disturbance, ...] = (
    kill_pool_child,
    kill_during(LIST),
    kill_during(MANIFEST),
    kill_whole("worker"),
    kill_whole("dispatcher"),
    kill_whole("beat"),
    kill_whole("web"),
)
OF_REDIS: tuple[Disturbance, ...] = (kill_redis, freeze_redis, flush_redis)
OF_POSTGRES: tuple[Disturbance, ...] = (restart_postgres, end_connections)
SLOW: tuple[Disturbance, ...] = (stop_worker_past_its_lease, freeze_redis, kill_redis)
