from datetime import UTC, datetime
from typing import Any

import pytest

from tags.registry import Client
from tags.registry.quota import Quota, parse_quota
from tags.registry.vendors.harbor import Harbor
from tests.fakeregistry import Exchange, FakeRegistry, neighbours
from tests.faults import redirect, status
from tests.registry.cases import acceptable, cases


@cases("rate_limits")
def test_reads_what_is_left(case: dict[str, Any]) -> None:
    quota = parse_quota(case["headers"])
    found = quota and {
        "limit": quota.limit,
        "remaining": quota.remaining,
        "window_s": quota.window,
        "source": quota.source,
    }
    assert found in acceptable(case)


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({"RateLimit-Limit": "100;w=21600", "RATELIMIT-REMAINING": "87;w=21600"}, Quota(100, 87, 21600, None)),
        ({"ratelimit-limit": " 100 ; w = 21600 ", "ratelimit-remaining": "0 "}, Quota(100, 0, 21600, None)),
        ({"ratelimit-limit": "100", "ratelimit-remaining": "87;w=60"}, Quota(100, 87, 60, None)),
        ({"ratelimit-limit": "10, 10;w=1, 50;w=60", "ratelimit-remaining": "9, 9"}, Quota(10, 9, None, None)),
        ({"ratelimit-limit": "100;w=x", "ratelimit-remaining": "87"}, Quota(100, 87, None, None)),
        (
            {"ratelimit-limit": "100", "ratelimit-remaining": "87", "docker-ratelimit-source": " 192.0.2.1 "},
            Quota(100, 87, None, "192.0.2.1"),
        ),
        (
            {"X-RateLimit-Limit": "180", "X-RateLimit-Remaining": "179", "X-RateLimit-Reset": "1767225600"},
            Quota(180, 179, None, None, datetime(2026, 1, 1, tzinfo=UTC)),
        ),
        ({"x-ratelimit-limit": "5", "x-ratelimit-remaining": "4", "x-ratelimit-reset": "30"}, Quota(5, 4, None, None)),
        (
            {"ratelimit-limit": ";w=21600", "x-ratelimit-limit": "5", "x-ratelimit-remaining": "4"},
            Quota(5, 4, None, None),
        ),
    ],
)
def test_reads_what_registries_may_write(headers: dict[str, str], quota: Quota) -> None:
    assert parse_quota(headers) == quota


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ratelimit-limit": "100;w=21600"},
        {"ratelimit-remaining": "87"},
        {"ratelimit-limit": ";w=21600", "ratelimit-remaining": ";w=21600"},
        *(
            {"ratelimit-limit": "100", "ratelimit-remaining": left}
            for left in ("", "-5", "+5", "1.5", "\u0661", "9" * 5000)
        ),
    ],
)
def test_what_says_no_number_is_no_quota(headers: dict[str, str]) -> None:
    assert parse_quota(headers) is None


def test_whom_it_counts_for_cannot_forge_a_line() -> None:
    headers = {"ratelimit-limit": "1", "ratelimit-remaining": "1", "docker-ratelimit-source": "a\x1b[2J\u2028" * 200}
    quota = parse_quota(headers)
    assert quota is not None
    assert quota.source is not None
    assert quota.source.isascii()
    assert quota.source.isprintable()
    assert len(quota.source) <= 300


def test_a_listing_tells_what_its_last_answer_said_is_left(fake_registry: FakeRegistry) -> None:
    def count(exchange: Exchange) -> None:
        answer = exchange.usual()
        left = 100 - len(fake_registry.requests)
        exchange.answer(
            type(answer)(
                answer.status,
                {**answer.headers, "ratelimit-limit": "100;w=21600", "ratelimit-remaining": f"{left};w=21600"},
                answer.body,
            )
        )

    fake_registry.push("app", "1.0")
    with Client(fake_registry.settings()) as client:
        assert client.listing("app").quota is None
        fake_registry.fault(count, path="tags/list")
        assert client.listing("app").quota == Quota(100, 97, 21600, None)


LEFT = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "1"}


@pytest.mark.parametrize("until", [{}, {"x-ratelimit-reset": "1767225600"}])
def test_what_a_host_elsewhere_has_left_is_not_the_registry_s(
    fake_registry: FakeRegistry, until: dict[str, str]
) -> None:
    fake_registry.push("app", "1.0")
    with (
        FakeRegistry() as elsewhere,
        Client(fake_registry.settings(approved_realms=neighbours(elsewhere.url))) as client,
    ):
        elsewhere.fault(status(200, LEFT | until, b'{"tags":[]}'))
        fake_registry.fault(redirect(f"{elsewhere.url}/list"), path="tags/list")
        assert client.listing("app").complete
        assert client.listing("app").quota is None


@pytest.mark.parametrize(("until", "is_told"), [({}, False), ({"x-ratelimit-reset": "1767225600"}, True)])
def test_what_is_left_at_the_api_counts_where_it_says_until_when(
    fake_registry: FakeRegistry, until: dict[str, str], is_told: bool
) -> None:
    fake_registry.push("shop/app", "1.0")
    with FakeRegistry() as api, Harbor(fake_registry.settings(api_address=api.url)) as client:
        api.fault(status(404, LEFT | until))
        assert (client.listing("shop/app").quota is not None) == is_told
