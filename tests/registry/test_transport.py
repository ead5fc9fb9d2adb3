import gzip
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from tags.registry import BadAnswer, Cancelled, RegistryError, TimedOut, TooLarge, Unreachable
from tags.registry.budget import Budget
from tags.registry.origin import Origin
from tags.registry.transport import MIB, Request, Tally, Transport
from tests.certificates import Certificates
from tests.fakeregistry import Answer, Exchange, FakeRegistry, FaultAction
from tests.faults import cut, drip, drop, endless_headers, gzip_bomb, hang, redirect, status

SHORT = 0.3


def transport_to(*urls: str, **options: Any) -> Transport:
    return Transport(chosen=frozenset(map(Origin.parse, urls)), budget=Budget("the registry", 8), **options)


@pytest.fixture
def transport(fake_registry: FakeRegistry) -> Any:
    transport = transport_to(fake_registry.url, seconds=SHORT)
    yield transport
    transport.close()


def get(registry: FakeRegistry, path: str = "/v2/", **changes: Any) -> Request:
    return Request("GET", registry.url + path, **changes)


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        ("GET", hang()),
        ("GET", drip()),
        ("GET", endless_headers(pause=0.02)),
        ("HEAD", hang()),
        ("HEAD", endless_headers(pause=0.02)),
    ],
)
def test_nothing_outlives_the_deadline(
    transport: Transport, fake_registry: FakeRegistry, method: str, fault: FaultAction
) -> None:
    fake_registry.fault(fault)
    with pytest.raises(TimedOut, match=r"127.0.0.1:\d+ timed out after 0.3 s \(\w+ /v2/a/tags/list\)"):
        transport.send(Request(method, f"{fake_registry.url}/v2/a/tags/list?last=secret"))


def test_redirects_do_not_prolong_the_deadline(transport: Transport, fake_registry: FakeRegistry) -> None:
    def slow(exchange: Exchange) -> None:
        exchange.wait(SHORT / 2)
        exchange.answer(Answer(307, {"Location": exchange.request.path + "x"}))

    fake_registry.fault(slow)
    with pytest.raises(TimedOut):
        transport.send(get(fake_registry))
    assert len(fake_registry.requests) < 4


def test_a_look_up_that_hangs_holds_one_thread_and_nobody_for_long(fake_registry: FakeRegistry) -> None:
    release, asked = threading.Event(), []

    def resolve(host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        asked.append(host)
        release.wait()
        return fake_registry.resolve(host, port)

    transport = transport_to("http://registry.example.com", seconds=0.1, resolve=resolve)
    for _ in range(2):
        with pytest.raises(TimedOut):
            transport.send(Request("GET", "http://registry.example.com/v2/"))
    assert len(asked) == 1
    release.set()


def test_a_tls_handshake_that_hangs_ends_with_the_deadline(certificates: Certificates) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/v2/"
        transport = transport_to(url, seconds=0.2, ca_certificate=certificates.authority)
        with pytest.raises(TimedOut):
            transport.send(Request("GET", url))


@pytest.mark.parametrize("fault", [hang(), drip()])
def test_the_deadline_holds_over_tls(certificates: Certificates, fault: FaultAction) -> None:
    with FakeRegistry(tls=certificates.server) as registry:
        registry.fault(fault)
        with pytest.raises(TimedOut):
            transport_to(registry.url, seconds=SHORT, ca_certificate=certificates.authority).send(get(registry))


def test_a_certificate_nobody_vouches_for_is_refused(certificates: Certificates) -> None:
    with FakeRegistry(tls=certificates.server) as registry:
        with pytest.raises(Unreachable, match=r"certificate of .* is not trusted"):
            transport_to(registry.url).send(get(registry))
        assert transport_to(registry.url, ca_certificate=certificates.authority).send(get(registry)).status == 200


def test_a_certificate_for_another_name_is_refused(certificates: Certificates) -> None:
    with FakeRegistry(tls=certificates.server) as registry:
        url = "https://registry.other.org/v2/"
        transport = transport_to(url, ca_certificate=certificates.authority, resolve=registry.resolve)
        with pytest.raises(Unreachable, match="not trusted"):
            transport.send(Request("GET", url))


def test_the_second_address_is_tried_when_the_first_refuses(fake_registry: FakeRegistry) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()
    addresses = [(socket.AF_INET, closed), *fake_registry.resolve("", 0)]
    url = "http://registry.example.com/v2/"
    transport = transport_to(url, resolve=lambda _host, _port: addresses)
    assert transport.send(Request("GET", url)).status == 200


def test_a_closed_port_is_told_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v2/"
    with pytest.raises(Unreachable, match="refused the connection"):
        transport_to(url).send(Request("GET", url))


def fails(error: Exception) -> Callable[[str, int], Any]:
    def resolve(_host: str, _port: int) -> Any:
        raise error

    return resolve


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_an_unknown_name_is_told_in_words(error: Exception) -> None:
    with pytest.raises(Unreachable, match=r"the name registry.example.com cannot be looked up"):
        transport_to(resolve=fails(error)).send(Request("GET", "http://registry.example.com/v2/"))


def test_a_body_that_is_cut_is_no_body(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.push("app", "1.0")
    fake_registry.fault(cut())
    with pytest.raises(BadAnswer, match="cut its answer short"):
        transport.send(get(fake_registry, "/v2/app/tags/list"))


def test_headers_without_end_are_refused(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(endless_headers())
    with pytest.raises(RegistryError):
        transport.send(get(fake_registry))


def test_what_is_not_http_is_told_in_words(transport: Transport, fake_registry: FakeRegistry) -> None:
    def babble(exchange: Exchange) -> None:
        exchange.write(b"220 mail.example.com ESMTP\r\n")
        exchange.hang_up()

    fake_registry.fault(babble)
    with pytest.raises(BadAnswer, match="not HTTP"):
        transport.send(get(fake_registry))


@pytest.mark.parametrize("fault", [gzip_bomb(8), status(200, {}, b" " * 2 * MIB)])
def test_a_body_larger_than_the_ceiling_is_not_read_on(fake_registry: FakeRegistry, fault: FaultAction) -> None:
    fake_registry.fault(fault)
    with pytest.raises(TooLarge, match="more than 1 MiB"):
        transport_to(fake_registry.url).send(get(fake_registry, ceiling=MIB))


def test_a_body_of_the_ceiling_s_size_is_read(fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(200, {}, b" " * MIB))
    assert len(transport_to(fake_registry.url).send(get(fake_registry, ceiling=MIB)).body) == MIB


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "compress"])
def test_packing_nobody_asked_for_is_refused(transport: Transport, fake_registry: FakeRegistry, encoding: str) -> None:
    fake_registry.fault(status(200, {"Content-Encoding": encoding}, gzip.compress(b"{}")))
    with pytest.raises(BadAnswer, match="packed"):
        transport.send(get(fake_registry))


def test_gzip_is_unpacked(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(200, {"Content-Encoding": "gzip"}, gzip.compress(b"{}")))
    assert transport.send(get(fake_registry)).body == b"{}"


def test_an_error_keeps_its_status_however_large_its_body(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(429, {}, b" " * 2 * MIB))
    assert transport.send(get(fake_registry)).status == 429


def test_follows_a_redirect_and_counts_it(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/v2/"), path="/old", times=1)
    sent = Tally()
    answer = transport.send(get(fake_registry, "/old"), sent)
    assert (answer.status, answer.url, sent.count) == (200, f"{fake_registry.url}/v2/", 2)


def test_stops_after_five_redirects(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/again"))
    with pytest.raises(BadAnswer, match="redirects without end"):
        transport.send(get(fake_registry))
    assert len(fake_registry.requests) == 6


def test_redirects_are_counted_on_from_where_a_request_comes(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/again"))
    with pytest.raises(BadAnswer, match="redirects without end"):
        transport.send(get(fake_registry, redirects=4))
    assert len(fake_registry.requests) == 2


def test_a_redirected_request_is_told_of_by_its_first_path(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/signed/s3cret"), path="/old")
    fake_registry.fault(hang(), path="/signed")
    with pytest.raises(TimedOut, match=r"\(GET /old\)"):
        transport.send(get(fake_registry, "/old"))


def test_a_request_s_words_are_printable_and_short() -> None:
    words = str(Request("GET", "https://registry.example.com/" + "\x00\x1b\u202e" * 200))
    assert words.isascii()
    assert words.isprintable()
    assert len(words) < 320


def test_a_transport_that_was_closed_under_a_request_is_cancelled(fake_registry: FakeRegistry) -> None:
    transport = transport_to(fake_registry.url)
    transport.send(get(fake_registry))
    transport._adapter._opened(fake_registry.url).close()
    with pytest.raises(Cancelled):
        transport.send(get(fake_registry))


def test_the_body_of_a_redirect_is_not_read(transport: Transport, fake_registry: FakeRegistry) -> None:
    bomb = gzip.compress(b" " * MIB) * 64
    fake_registry.fault(status(307, {"Location": "/v2/", "Content-Encoding": "gzip"}, bomb), path="/old")
    assert transport.send(get(fake_registry, "/old")).status == 200


def test_authorization_does_not_follow_to_another_origin_nor_back_again() -> None:
    with FakeRegistry() as there, FakeRegistry() as here:
        here.fault(redirect(f"{there.url}/away"), path="/old")
        there.fault(redirect(f"{here.url}/v2/"), path="/away")
        request = get(here, "/old", headers={"Authorization": "Basic secret"})
        transport_to(here.url, there.url).send(request)
        assert [r.headers.get("Authorization") for r in here.requests] == ["Basic secret", None]
        assert [r.headers.get("Authorization") for r in there.requests] == [None]


def test_authorization_follows_on_the_same_origin(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/v2/"), path="/old")
    transport.send(get(fake_registry, "/old", headers={"Authorization": "Basic secret"}))
    assert fake_registry.requests[-1].headers["Authorization"] == "Basic secret"


@pytest.mark.parametrize(
    "location",
    [
        *("ftp://example.com/", "http://[::1", "http://user:pw@127.0.0.1/", "http://127.0.0.1:99999/", "javascript:1"),
        *("/a b", "/a\x00", "/\x1b[31m", "/\xe9"),
    ],
)
def test_a_redirect_to_what_is_no_address_is_refused(
    transport: Transport, fake_registry: FakeRegistry, location: str
) -> None:
    fake_registry.fault(redirect(location))
    with pytest.raises(BadAnswer, match="redirects to where nothing may be sent"):
        transport.send(get(fake_registry))


def test_no_redirect_leads_from_https_to_http(certificates: Certificates, fake_registry: FakeRegistry) -> None:
    with FakeRegistry(tls=certificates.server) as registry:
        registry.fault(redirect(f"{fake_registry.url}/v2/"))
        with pytest.raises(BadAnswer):
            transport_to(registry.url, ca_certificate=certificates.authority).send(get(registry))
    assert not fake_registry.requests


def test_a_post_is_never_sent_on(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(redirect("/elsewhere"))
    with pytest.raises(BadAnswer):
        transport.send(Request("POST", f"{fake_registry.url}/token", body=b"refresh_token=secret"))
    assert len(fake_registry.requests) == 1


def test_the_environment_changes_nothing(
    transport: Transport, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    transport.send(get(fake_registry, headers={"Authorization": "Bearer mine"}))
    transport.send(get(fake_registry))
    assert [r.headers.get("Authorization") for r in fake_registry.requests] == ["Bearer mine", None]


def test_cookies_are_not_kept(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(status(200, {"Set-Cookie": "sid=1; Path=/"}), times=1)
    transport.send(get(fake_registry))
    transport.send(get(fake_registry))
    assert "Cookie" not in fake_registry.requests[-1].headers


def test_one_connection_serves_many_requests(transport: Transport, fake_registry: FakeRegistry) -> None:
    seen = set()

    def note(exchange: Exchange) -> bool:
        seen.add(exchange._handler.client_address)
        return False

    fake_registry.fault(note)
    for method in ("HEAD", "GET", "HEAD"):
        transport.send(Request(method, f"{fake_registry.url}/v2/"))
    assert len(seen) == 1


def test_a_kept_connection_that_was_closed_is_replaced(transport: Transport, fake_registry: FakeRegistry) -> None:
    transport.send(get(fake_registry))
    fake_registry.fault(drop(), times=1)
    assert transport.send(get(fake_registry)).status == 200


def test_a_registry_that_keeps_hanging_up_is_not_reachable(transport: Transport, fake_registry: FakeRegistry) -> None:
    fake_registry.fault(drop())
    with pytest.raises(Unreachable, match=r"connection to .* failed"):
        transport.send(get(fake_registry))
    assert len(fake_registry.requests) == 2


def test_the_times_enclose_the_exchange(transport: Transport, fake_registry: FakeRegistry) -> None:
    inside = []

    def note(_exchange: Exchange) -> bool:
        inside.append(datetime.now(UTC))
        return False

    fake_registry.fault(note)
    answer = transport.send(get(fake_registry))
    assert answer.sent_at <= inside[0] <= answer.received_at


def test_no_secret_shows_in_messages_or_reprs(transport: Transport, fake_registry: FakeRegistry) -> None:
    request = get(fake_registry, "/token?refresh=s3cret", headers={"Authorization": "Basic s3cret"}, body=b"s3cret")
    assert "s3cret" not in str(request)
    fake_registry.fault(drop())
    with pytest.raises(Unreachable) as caught:
        transport.send(request)
    assert "s3cret" not in str(caught.value)


@responses.activate
def test_everything_goes_through_requests() -> None:
    responses.get("https://registry.example.com/v2/", body="{}")
    assert transport_to().send(Request("GET", "https://registry.example.com/v2/")).body == b"{}"
