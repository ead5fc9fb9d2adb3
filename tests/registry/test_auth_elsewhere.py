"""Where a redirect leads elsewhere: another host gets a token of its own, and nothing of ours."""

from typing import Any

import pytest

from tags.registry import (
    Client,
    CredentialsRefused,
)
from tags.registry.auth import Authenticator
from tags.registry.credential import Credential
from tags.registry.origin import Origin
from tags.registry.transport import Request
from tests.certificates import Certificates
from tests.fakeregistry import Exchange, FakeRegistry, neighbours
from tests.faults import redirect, status
from tests.registry.test_auth import response, tokens_asked, with_tag


def test_a_token_server_that_redirects_elsewhere_does_not_take_the_password_along() -> None:
    with FakeRegistry() as elsewhere, FakeRegistry(auth="bearer", username="ann", password="secret") as registry:
        elsewhere.fault(status(200, {}, b'{"token":"t"}'))
        registry.fault(redirect(f"{elsewhere.url}/token"), path="^/token")
        with Client(with_tag(registry).settings(approved_realms=neighbours(elsewhere.url))) as client:
            client.listing("shop/app")
        assert elsewhere.requests
        assert all("Authorization" not in r.headers for r in elsewhere.requests)


def test_a_redirected_host_gets_a_token_of_its_own(certificates: Certificates) -> None:
    """As registry.k8s.io sends its clients to Artifact Registry."""
    with FakeRegistry(auth="bearer", tls=certificates.server) as there:
        there.realm = "https://pkg.example.net/token"
        with_tag(there)
        with FakeRegistry(auth="basic", username="ann", password="secret", tls=certificates.server) as registry:
            registry.fault(redirect("https://pkg.example.net/v2/shop/app/tags/list"), path="tags/list")
            registry.fault(redirect("https://pkg.example.net/v2/shop/app/manifests/1.0"), path="manifests")
            settings = registry.settings(
                address="registry.example.com",
                ca_certificate=certificates.authority,
                approved_realms=neighbours("https://pkg.example.net"),
            )

            def resolve(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
                return (registry if host == "registry.example.com" else there).resolve(host, port)

            with Client(settings, resolve=resolve) as client:
                listing = client.listing("shop/app")
            assert listing.error is None
            assert len(listing.observations) == 1
            assert all("Basic" not in r.headers.get("Authorization", "") for r in there.requests)


def test_a_request_to_another_origin_goes_without_our_credentials() -> None:
    authenticator = Authenticator(Origin.parse("https://registry.example.com"), Credential("ann", "secret"))
    flow = authenticator.flow(Request("GET", "https://registry.example.com/v2/"), "")
    known = flow.send(response(next(flow), 401, {"WWW-Authenticate": "Basic"}))
    assert "Authorization" in known.headers
    with pytest.raises(StopIteration):
        flow.send(response(known, 200))
    for url in ("https://other.example.com/", "https://registry.example.com:444/", "http://registry.example.com/"):
        assert "Authorization" not in next(authenticator.flow(Request("GET", url), "")).headers


def test_hosts_cannot_play_us_to_one_another_without_end() -> None:
    """Each gives a token, and for it a redirect to the next one, which wants a token."""
    with FakeRegistry() as registry:

        def play_on(exchange: Exchange) -> None:
            host = exchange.request.headers["Host"]
            if "Authorization" in exchange.request.headers:
                following = f"http://host{len(registry.requests)}.example.com{exchange.request.path}"
                return redirect(following)(exchange)
            return status(401, {"WWW-Authenticate": f'Bearer realm="http://{host}/token"'})(exchange)

        registry.fault(status(200, {}, b'{"token":"t"}'), path="^/token")
        registry.fault(play_on)
        others = neighbours(*(f"http://host{number}.example.com" for number in range(20)))
        settings = registry.settings(address="host.example.com", approved_realms=others)
        with Client(settings, resolve=registry.resolve) as client:
            assert isinstance(client.listing("shop/app").error, CredentialsRefused)
        assert len({r.headers["Host"] for r in tokens_asked(registry)}) == 2  # our own, and one that it led to
        assert len(registry.requests) < 12


def test_the_redirects_of_a_host_that_wants_a_token_count_on(fake_registry: FakeRegistry) -> None:
    with FakeRegistry(auth="bearer") as there:
        there.fault(redirect("/v2/again/tags/list"), path="/v2/", method="GET", skip=2)
        fake_registry.fault(redirect(f"{there.url}/v2/app/tags/list"))
        with Client(fake_registry.settings(approved_realms=neighbours(there.url))) as client:
            assert "redirects without end" in str(client.listing("app").error)
        assert len([r for r in there.requests if "Authorization" in r.headers]) == 5


def test_of_the_hosts_that_redirects_lead_to_only_some_are_remembered() -> None:
    authenticator = Authenticator(Origin.parse("https://registry.example.com"))
    for number in range(1000):
        authenticator._guest_of(Origin.parse(f"https://cdn{number}.example.net"))
    assert len(authenticator._elsewhere) <= 16
