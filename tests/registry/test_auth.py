import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tags.registry import (
    BadAnswer,
    Client,
    CredentialsRefused,
    NeedsApproval,
    RateLimited,
    RepositoryMissing,
    Settings,
)
from tags.registry.auth import Authenticator
from tags.registry.origin import Origin
from tags.registry.scope import pull
from tags.registry.transport import Request, Response
from tests.certificates import Certificates
from tests.fakeregistry import JSON, Answer, Exchange, FakeRegistry, Recorded, neighbours
from tests.faults import redirect, status, too_many_requests
from tests.registry.cases import cases


def response(request: Request, code: int, headers: dict[str, str] | None = None, body: bytes = b"") -> Response:
    now = datetime.now(UTC)
    return Response(request, request.url, code, headers or {}, body, now, now)


@cases("token_requests")
def test_asks_the_realm_for_the_right_token(case: dict[str, Any]) -> None:
    url = case.get("request_url", f"https://registry.example.com/v2/{case['repository']}/tags/list")
    flow = Authenticator(Origin.parse(url)).flow(Request("GET", url), pull(case["repository"]))
    challenge = {"WWW-Authenticate": case["challenge"]}
    asked = flow.send(response(next(flow), 401, challenge))
    query = parse_qs(urlsplit(asked.url).query)
    assert asked.url.partition("?")[0] == case["expect_get"]["url"]
    assert query.get("service") == case["expect_get"]["query"]["service"]
    assert query["scope"] in [case["expect_get"]["query"]["scope"], *case.get("acceptable_scope", [])]
    assert set(query) == {"service", "scope"}


@cases("token_requests")
def test_a_client_asks_it_over_the_wire(case: dict[str, Any], certificates: Certificates) -> None:
    """Every name leads to one server, and the realm is approved, for it is at an address inside a network."""
    wanted = case["expect_get"]
    name = urlsplit(case.get("request_url", "https://registry.example.com/")).netloc
    settings = Settings(
        name, ca_certificate=certificates.authority, approved_realms=frozenset({wanted["url"]}), kind="oci"
    )
    with FakeRegistry(tls=certificates.server) as registry, Client(settings, resolve=registry.resolve) as client:
        registry.push(case["repository"], "latest")
        path = urlsplit(wanted["url"]).path
        token = Answer(200, {"Content-Type": JSON}, b'{"token":"good"}')
        registry.fault(lambda exchange: exchange.answer(token), path=f"^{path}[?]")
        registry.fault(status(401, {"WWW-Authenticate": case["challenge"]}), path="/tags/list", times=1)
        assert client.listing(case["repository"]).complete
        asked = next(request for request in registry.requests if request.path.startswith(f"{path}?"))
        assert asked.headers["Host"] == urlsplit(wanted["url"]).netloc
        assert asked.query["service"] == wanted["query"]["service"]
        assert asked.query["scope"] in [wanted["query"]["scope"], *case.get("acceptable_scope", [])]
        assert registry.requests[-1].headers["Authorization"] == "Bearer good"


def tokens_asked(registry: FakeRegistry) -> list[Recorded]:
    return registry.asked("^/token")


def with_tag(registry: FakeRegistry, *repositories: str) -> FakeRegistry:
    for repository in repositories or ("shop/app",):
        registry.push(repository, "1.0")
    return registry


def test_a_second_repository_costs_one_token_request_and_no_401() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry, "a", "b").settings()) as client:
        assert client.listing("a").requests == 4  # 401, token, list, HEAD
        assert client.listing("b").requests == 3
        assert client.listing("b").requests == 2
        assert not registry.asked("^/v2/$")


def test_credentials_go_to_the_realm_and_the_token_to_the_registry() -> None:
    with FakeRegistry(auth="bearer", username="ann", password="secret") as registry:
        with Client(with_tag(registry).settings()) as client:
            assert client.listing("shop/app").error is None
        assert tokens_asked(registry)[0].headers["Authorization"].startswith("Basic ")
        assert tokens_asked(registry)[0].query["account"] == ["ann"]
        assert all("Basic" not in r.headers.get("Authorization", "") for r in registry.asked("^/v2/"))


def test_basic_is_sent_from_the_first_request_on_once_it_is_known() -> None:
    registry = with_tag(FakeRegistry(auth="basic", username="ann", password="secret"), "a", "b")
    with registry, Client(registry.settings()) as client:
        assert client.listing("a").requests == 3
        assert client.listing("b").requests == 2


def test_wrong_basic_credentials_are_tried_once() -> None:
    registry = with_tag(FakeRegistry(auth="basic", username="ann", password="secret"))
    with registry, Client(registry.settings(secret="wrong")) as client:
        listing = client.listing("shop/app")
    assert isinstance(listing.error, CredentialsRefused)
    assert not listing.complete
    assert listing.requests == 2


def test_wrong_credentials_at_the_realm_are_not_followed_by_an_anonymous_try() -> None:
    with FakeRegistry(auth="bearer", username="ann", password="secret") as registry:
        with Client(with_tag(registry).settings(secret="wrong")) as client:
            assert isinstance(client.listing("shop/app").error, CredentialsRefused)
        assert len(tokens_asked(registry)) == 1


def test_a_registry_that_wants_a_password_says_so_when_there_is_none() -> None:
    registry = with_tag(FakeRegistry(auth="basic", username="ann", password="secret"))
    with registry, Client(registry.settings(username="", secret="")) as client:
        listing = client.listing("shop/app")
    assert "asks for a user name and a password" in str(listing.error)
    assert listing.requests == 1


def test_a_token_that_was_revoked_is_replaced_once_for_all_threads() -> None:
    with FakeRegistry(auth="bearer") as registry:
        for number in range(40):
            registry.push("app", f"1.{number}")
        with Client(registry.settings()) as client:
            client.listing("app")
            registry.revoke_tokens()
            listing = client.listing("app")
            assert listing.error is None
            assert len(listing.observations) == 40
        assert len(tokens_asked(registry)) == 2


def test_a_token_that_runs_out_while_tags_are_looked_at_is_fetched_once() -> None:
    with FakeRegistry(auth="bearer") as registry:
        for number in range(40):
            registry.push("app", f"1.{number}")
        revoked = []

        def revoke(_exchange: object) -> bool:
            revoked.append(1)
            registry.revoke_tokens()
            return False

        registry.fault(revoke, path="manifests/", skip=10, times=1)
        with Client(registry.settings()) as client:
            assert client.listing("app").error is None
        assert revoked
        assert len(tokens_asked(registry)) == 2


def test_a_fresh_token_that_is_not_enough_is_final() -> None:
    """As Docker Hub answers for a repository that is private or not there."""
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry, "a", "b").settings()) as client:
        client.listing("a")
        challenge = (
            f'Bearer realm="{registry.url}/token",service="fake",scope="repository:b:pull",error="insufficient_scope"'
        )
        registry.fault(status(401, {"WWW-Authenticate": challenge}), path="/v2/b/")
        listing = client.listing("b")
        assert isinstance(listing.error, CredentialsRefused)
        assert listing.requests == 2  # its token, and the list


def test_a_wider_scope_is_fetched_when_it_is_demanded() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        challenge = f'Bearer realm="{registry.url}/token",service="fake",scope="repository:shop/app:pull aws"'
        registry.fault(status(401, {"WWW-Authenticate": challenge}), path="tags/list", skip=1, times=1)
        assert client.listing("shop/app").error is None
        assert tokens_asked(registry)[-1].query["scope"] == ["aws", "repository:shop/app:pull"]


def test_a_word_for_every_repository_is_learnt_from_the_first() -> None:
    with FakeRegistry() as registry, Client(with_tag(registry, "a/a", "b/b").settings()) as client:
        challenge = f'Bearer realm="{registry.url}/token",service="fake",scope="aws"'
        registry.fault(status(401, {"WWW-Authenticate": challenge}), path="a/a/tags/list", times=1)
        registry.fault(status(200, {}, b'{"token":"t"}'), path="^/token")
        client.listing("a/a")
        client.listing("b/b")
        assert [r.query["scope"] for r in tokens_asked(registry)] == [["aws"]]


def test_without_any_challenge_v2_is_asked_for_one() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        registry.fault(status(401), path="tags/list", times=1)
        assert client.listing("shop/app").error is None
        assert len(registry.asked("^/v2/$")) == 1


def test_a_challenge_nobody_can_answer_is_final() -> None:
    with FakeRegistry() as registry, Client(with_tag(registry).settings()) as client:
        registry.fault(status(401, {"WWW-Authenticate": "Negotiate"}), path="tags/list")
        assert "no way to log in" in str(client.listing("shop/app").error)


def test_an_identity_token_is_posted() -> None:
    with FakeRegistry(auth="bearer", username="<token>", password="identity") as registry:
        with Client(with_tag(registry).settings()) as client:
            assert client.listing("shop/app").error is None
        (asked,) = tokens_asked(registry)
        form = parse_qs(asked.body.decode())
        assert asked.method == "POST"
        assert form["grant_type"] == ["refresh_token"]
        assert form["scope"] == ["repository:shop/app:pull"]
        assert "identity" not in asked.path


@pytest.mark.parametrize("code", [400, 401, 404, 405])
def test_a_realm_that_takes_no_post_is_asked_by_get(code: int) -> None:
    with FakeRegistry(auth="bearer", username="<token>", password="identity") as registry:
        registry.fault(status(code), path="^/token", method="POST")
        with Client(with_tag(registry).settings()) as client:
            assert client.listing("shop/app").error is None
        assert [r.method for r in tokens_asked(registry)] == ["POST", "GET"]


def test_credentials_wait_for_approval_of_a_foreign_realm() -> None:
    with FakeRegistry() as elsewhere, FakeRegistry(auth="bearer", username="ann", password="secret") as registry:
        registry.realm = f"{elsewhere.url}/token"
        with Client(with_tag(registry).settings()) as client:
            error = client.listing("shop/app").error
            assert isinstance(error, NeedsApproval)
            assert error.realm == registry.realm
            assert str(error) == f"needs approval: {registry.realm}"
        assert not elsewhere.requests


def test_an_approved_realm_is_used() -> None:
    with (
        FakeRegistry(auth="bearer", username="ann", password="secret") as elsewhere,
        FakeRegistry(auth="bearer", username="ann", password="secret") as registry,
    ):
        registry.realm = f"{elsewhere.url}/token"
        registry.tokens = elsewhere.tokens
        with Client(with_tag(registry).settings(approved_realms=frozenset({registry.realm}))) as client:
            assert client.listing("shop/app").error is None
        assert len(elsewhere.requests) == 1


def test_a_foreign_realm_is_asked_without_credentials_when_there_are_none(certificates: Certificates) -> None:
    with FakeRegistry(auth="bearer", tls=certificates.server) as registry:
        registry.realm = "https://auth.example.net/token"
        settings = with_tag(registry).settings(
            address="registry.example.com",
            ca_certificate=certificates.authority,
            approved_realms=neighbours("https://auth.example.net"),
        )
        with Client(settings, resolve=registry.resolve) as client:
            assert client.listing("shop/app").error is None
        (asked,) = tokens_asked(registry)
        assert asked.headers["Host"] == "auth.example.net"
        assert "Authorization" not in asked.headers


def test_a_token_server_that_has_moved_is_found_again() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry, "a", "b").settings()) as client:
        client.listing("a")
        registry.fault(status(404), path=r"^/token\?service")
        registry.realm = f"{registry.url}/token?moved=1"
        assert client.listing("b").error is not None
        assert client.listing("b").error is None


def test_a_realm_to_be_approved_is_kept_whole_and_shown_bounded_without_its_query() -> None:
    error = NeedsApproval("https://auth.example.net/" + "x" * 1000 + "?secret=s3cret")
    assert error.realm == "https://auth.example.net/" + "x" * 1000
    assert str(error).startswith("needs approval: https://auth.example.net/xxx")
    assert len(str(error)) < 320
    assert "s3cret" not in str(error)


def test_the_budget_of_the_realm_is_not_the_repository_s_fault() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        registry.fault(too_many_requests("7"), path="^/token")
        error = client.listing("shop/app").error
        assert isinstance(error, RateLimited)
        assert error.retry_after == 7


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b'{"token":"a b"}'])
def test_a_realm_that_gives_no_token_is_told_about(body: bytes) -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        registry.fault(status(200, {}, body), path="^/token")
        assert isinstance(client.listing("shop/app").error, BadAnswer)


def test_a_failed_token_request_is_asked_again_next_time() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        registry.fault(status(503), path="^/token", times=1)
        assert client.listing("shop/app").error is not None
        assert client.listing("shop/app").error is None


def test_a_missing_repository_is_missing_with_a_token_too() -> None:
    with FakeRegistry(auth="bearer") as registry, Client(registry.settings()) as client:
        assert isinstance(client.listing("shop/app").error, RepositoryMissing)


def test_a_new_identity_token_replaces_the_one_it_was_bought_with() -> None:
    with FakeRegistry(auth="bearer", username="<token>", password="first") as registry:
        with_tag(registry, "a", "b")
        bought = [{"token": "t", "refresh_token": "second"}, {"token": "u"}]
        registry.tokens = {"t": ["repository:a:pull"], "u": ["repository:b:pull"]}
        registry.fault(
            lambda exchange: exchange.answer(Answer(body=json.dumps(bought.pop(0)).encode())), path="^/token"
        )
        with Client(registry.settings()) as client:
            assert client.listing("a").error is None
            assert client.listing("b").error is None
        sent = [parse_qs(asked.body.decode())["refresh_token"] for asked in tokens_asked(registry)]
        assert sent == [["first"], ["second"]]


def test_a_token_without_a_user_name_is_sent_as_it_is_from_the_first_request_on() -> None:
    with FakeRegistry(auth="bearer") as registry, FakeRegistry() as elsewhere:
        with_tag(registry)
        registry.tokens = {"ready": ["repository:shop/app:pull"]}
        registry.fault(redirect(f"{elsewhere.url}/v2/shop/app/manifests/1.0"), path="manifests")
        settings = registry.settings(secret="ready", approved_realms=neighbours(elsewhere.url))
        with Client(settings) as client:
            client.listing("shop/app")
        assert not tokens_asked(registry)
        assert {r.headers["Authorization"] for r in registry.requests} == {"Bearer ready"}
        assert elsewhere.requests
        assert all("Authorization" not in r.headers for r in elsewhere.requests)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_refused_token_without_a_user_name_says_what_may_be_missing(auth: str) -> None:
    registry = with_tag(FakeRegistry(auth=auth, username="ann", password="secret"))
    with registry, Client(registry.settings(username="", secret="secret")) as client:
        listing = client.listing("shop/app")
    assert isinstance(listing.error, CredentialsRefused)
    assert "perhaps a user name belongs to it" in str(listing.error)
    assert listing.requests == 1


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_refused_credentials_are_not_sent_on_and_on(auth: str) -> None:
    """Registries lock accounts out."""
    with FakeRegistry(auth=auth, username="ann", password="secret") as registry:
        with Client(with_tag(registry).settings(secret="wrong")) as client:
            errors = [client.listing("shop/app").error for _ in range(6)]
            assert all(isinstance(error, CredentialsRefused) for error in errors)
            assert len([r for r in registry.requests if "Basic" in r.headers.get("Authorization", "")]) == 3
            assert "not sent again for 15 minutes" in str(errors[-1])
            assert 800 < (errors[-1].retry_after or 0) <= 900  # type: ignore[union-attr]
        with Client(registry.settings()) as client:
            assert client.listing("shop/app").error is None


def test_a_repository_that_is_refused_does_not_stop_the_others() -> None:
    """Some registries answer 401 for what is not there."""
    with FakeRegistry(auth="basic", username="ann", password="secret") as registry:
        with_tag(registry, "a")
        registry.fault(status(401, {"WWW-Authenticate": "Basic"}), path="/v2/missing/")
        with Client(registry.settings()) as client:
            for _ in range(4):
                assert isinstance(client.listing("missing").error, CredentialsRefused)
                assert client.listing("a").error is None


def test_challenges_on_several_lines_are_read_together() -> None:
    """As old Gitea sends them, whichever comes first."""
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:

        def two_lines(exchange: Exchange) -> None:
            bearer = f'Bearer realm="{registry.url}/token",scope="*"'
            lines = f'WWW-Authenticate: Basic realm="x"\r\nWWW-Authenticate: {bearer}\r\n'
            exchange.write(f"HTTP/1.1 401 No\r\n{lines}Content-Length: 0\r\n\r\n".encode())

        registry.fault(two_lines, path="tags/list", times=1)
        registry.fault(status(200, {}, b'{"token":"t"}'), path="^/token")
        registry.tokens = {"t": ["repository:shop/app:pull"]}
        assert client.listing("shop/app").error is None
        assert tokens_asked(registry)[0].query["scope"] == ["*"]


def test_a_catalog_that_wants_more_than_its_usual_scope_gets_it() -> None:
    """registry.suse.com: the first token is not enough, and the second challenge says what is."""
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        wider = f'Bearer realm="{registry.url}/token",scope="registry:catalog:* aws",error="insufficient_scope"'
        registry.fault(
            status(401, {"WWW-Authenticate": f'Bearer realm="{registry.url}/token"'}), path="_catalog", times=1
        )
        registry.fault(status(401, {"WWW-Authenticate": wider}), path="_catalog", times=1, skip=1)
        assert client.catalog().names == ("shop/app",)
        assert [r.query["scope"] for r in tokens_asked(registry)] == [
            ["registry:catalog:*"],
            ["aws", "registry:catalog:*"],
        ]


@pytest.mark.parametrize("error", ["", ',error="invalid_token"', ',error="insufficient_scope"'])
def test_a_token_that_has_been_good_is_replaced_once_whatever_the_401_says(error: str) -> None:
    with FakeRegistry(auth="bearer") as registry, Client(with_tag(registry).settings()) as client:
        assert client.listing("shop/app").error is None
        scope = "repository:shop/app:pull"
        challenge = f'Bearer realm="{registry.url}/token",service="fake",scope="{scope}"{error}'
        registry.fault(status(401, {"WWW-Authenticate": challenge}), path="tags/list", times=1)
        assert client.listing("shop/app").error is None
        assert len(tokens_asked(registry)) == 2
