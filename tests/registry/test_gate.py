import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address
from typing import Any

import pytest

from tags.registry import AddressRefused, Client, NeedsApproval, RegistryError, Settings, Unreachable, connection
from tags.registry.connection import Address, Resolve
from tags.registry.deadline import BoundedSocket
from tags.registry.gate import check, is_inside
from tests.fakeregistry import FakeRegistry, neighbours
from tests.faults import redirect

METADATA = ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"]
NOBODYS = ["0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.1.1", "255.255.255.255"]
NEVER_V6 = ["::", "ff02::1", "fe80::1", "fe80::1%2", "febf::1", "fd00:ec2::254", "fd20:ce::254"]
INSIDE_V4 = ["10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "127.1.2.3", "198.18.0.1", "240.0.0.1"]
INSIDE_V6 = ["::1", "fc00::1", "fd12:3456::1", "fec0::1", "2001:db8::1", "4000::1"]
PUBLIC_V4 = ["8.8.8.8", "172.32.0.1", "169.253.0.1", "100.128.0.1", "168.63.129.17"]
PUBLIC_V6 = ["2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]


def in_ipv6(address: str) -> list[str]:
    """The IPv6 addresses by which an IPv4 address can be reached: mapped, compatible, NAT64, 6to4 and Teredo."""
    number = int(IPv4Address(address))
    high, low, unlike = number >> 16, number & 0xFFFF, number ^ 0xFFFFFFFF
    tails = ("::ffff:", "::", "::ffff:0:", "64:ff9b::", "64:ff9b:1::")
    teredo = f"2001:0:808:808::{unlike >> 16:x}:{unlike & 0xFFFF:x}"
    return [*(tail + address for tail in tails), f"2002:{high:x}:{low:x}::1", teredo]


def and_in_ipv6(addresses: list[str]) -> list[str]:
    return [form for address in addresses for form in (address, *in_ipv6(address))]


def leads_to(*addresses: str) -> Resolve:
    def resolve(_host: str, port: int) -> Sequence[Address]:
        return [(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, port)) for address in addresses]

    return resolve


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses that sockets were connected to, or tried to."""
    seen = []

    class Watched(BoundedSocket):
        def connect(self, address: Any) -> None:
            seen.append(address)
            super().connect(address)

    monkeypatch.setattr(connection, "BoundedSocket", Watched)
    return seen


def error_of(settings: Settings, **options: Any) -> RegistryError | None:
    with Client(settings, deadline=2, **options) as client:
        return client.listing("app").error


@pytest.mark.parametrize("chosen_by_registry", [False, True])
@pytest.mark.parametrize("address", [*and_in_ipv6(METADATA + NOBODYS[2:]), *NOBODYS, *NEVER_V6])
def test_nobody_can_send_us_to_where_nothing_is_ever_sent(address: str, chosen_by_registry: bool) -> None:
    with pytest.raises(AddressRefused, match=r"registry.example.com leads to an address to which nothing is ever sent"):
        check("registry.example.com", address, chosen_by_registry=chosen_by_registry)


@pytest.mark.parametrize("address", [*and_in_ipv6(INSIDE_V4), *INSIDE_V6])
def test_only_a_person_can_send_us_inside_a_network(address: str) -> None:
    check("registry.example.com", address, chosen_by_registry=False)
    with pytest.raises(AddressRefused, match=r"registry.example.com leads to an address inside a network"):
        check("registry.example.com", address, chosen_by_registry=True)


@pytest.mark.parametrize("address", [*and_in_ipv6(PUBLIC_V4), *PUBLIC_V6])
def test_anybody_can_send_us_to_the_public_internet(address: str) -> None:
    check("registry.example.com", address, chosen_by_registry=True)


@pytest.mark.parametrize("address", ["224.0.1.1", "ff0e::1"])
def test_a_multicast_group_is_no_part_of_the_public_internet(address: str) -> None:
    assert is_inside(ip_address(address))


def test_what_is_no_address_does_not_pass() -> None:
    with pytest.raises(ValueError, match="localhost"):
        check("registry.example.com", "localhost", chosen_by_registry=False)


def test_the_host_in_the_message_is_printable() -> None:
    with pytest.raises(AddressRefused) as caught:
        check("\u202eevil", "0.0.0.0", chosen_by_registry=True)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "0.0.0.0"])
def test_a_registry_s_own_name_cannot_lead_to_metadata(address: str, connected: list[Any]) -> None:
    error = error_of(Settings("registry.example.com", plain_http=True), resolve=leads_to(address))
    assert isinstance(error, AddressRefused)
    assert isinstance(error, Unreachable)
    assert error.reason == "address is not allowed"
    assert not connected


@pytest.mark.parametrize("address", ["169.254.169.254", "[fe80::1]", "0.0.0.0", "2852039166", "0xa9fea9fe"])
def test_a_registry_s_own_address_cannot_be_metadata(address: str, connected: list[Any]) -> None:
    """The last two are 169.254.169.254 to the system's resolver, which reads more than dots."""
    assert isinstance(error_of(Settings(address, plain_http=True)), AddressRefused)
    assert not connected


def test_one_refused_address_refuses_the_others_too(fake_registry: FakeRegistry, connected: list[Any]) -> None:
    addresses = [*fake_registry.resolve("", 0), (socket.AF_INET, ("169.254.169.254", 80))]
    settings = fake_registry.settings(address="registry.example.com")
    assert isinstance(error_of(settings, resolve=lambda _host, _port: addresses), AddressRefused)
    assert not connected


def test_a_name_that_leads_elsewhere_at_the_second_look_up_is_judged_anew(fake_registry: FakeRegistry) -> None:
    """The first answer closes the connection, so that the next request looks the name up again."""
    fake_registry.push("app", "1.0")
    fake_registry.fault(lambda exchange: exchange.hang_up() or False)
    answers = [fake_registry.resolve("", 0)]

    def resolve(host: str, port: int) -> Sequence[Address]:
        return answers.pop() if answers else leads_to("169.254.169.254")(host, port)

    settings = fake_registry.settings(address="registry.example.com")
    with Client(settings, resolve=resolve) as client:
        assert isinstance(client.listing("app").failures["1.0"], AddressRefused)
    assert len(fake_registry.requests) == 1


@pytest.mark.parametrize("address", ["10.0.0.1", "127.0.0.1", "169.254.169.254", "64:ff9b::a00:1"])
def test_a_redirect_does_not_lead_inside_a_network(
    fake_registry: FakeRegistry, connected: list[Any], address: str
) -> None:
    fake_registry.fault(redirect("http://harmless.example.com/v2/app/tags/list?key=s3cret"))

    def resolve(host: str, port: int) -> Sequence[Address]:
        lead = leads_to(address) if host == "harmless.example.com" else fake_registry.resolve
        return lead(host, port)

    error = error_of(fake_registry.settings(address="registry.example.com"), resolve=resolve)
    assert isinstance(error, AddressRefused)
    assert "harmless.example.com" in str(error)
    assert "s3cret" not in str(error)
    assert connected == [("127.0.0.1", fake_registry.port)]


def test_a_redirect_to_another_port_of_this_machine_is_not_followed(
    fake_registry: FakeRegistry, connected: list[Any]
) -> None:
    with FakeRegistry() as sink:
        fake_registry.fault(redirect(f"{sink.url}/v2/app/tags/list"))
        assert isinstance(error_of(fake_registry.settings()), AddressRefused)
    assert connected == [("127.0.0.1", fake_registry.port)]
    assert not sink.requests


@pytest.mark.parametrize("realm", ["http://auth.example.com/token", "http://auth.example.net/token"])
def test_a_realm_that_leads_inside_a_network_needs_approval(realm: str, connected: list[Any]) -> None:
    """Neither one that is trusted for its name, nor one that would be asked without credentials."""
    with FakeRegistry() as sink, FakeRegistry(auth="bearer") as registry:
        registry.realm = realm

        def resolve(host: str, port: int) -> Sequence[Address]:
            return (sink if host.startswith("auth") else registry).resolve(host, port)

        error = error_of(registry.settings(address="registry.example.com"), resolve=resolve)
        assert isinstance(error, NeedsApproval)
        assert error.realm == realm
        assert connected == [("127.0.0.1", registry.port)]


def test_an_approved_realm_may_be_inside_a_network() -> None:
    with FakeRegistry(auth="bearer") as there, FakeRegistry(auth="bearer") as registry:
        registry.push("app", "1.0")
        registry.realm, registry.tokens = f"{there.url}/token", there.tokens
        assert error_of(registry.settings(approved_realms=frozenset({registry.realm}))) is None
        assert len(there.requests) == 1


@pytest.mark.parametrize("approve", [False, True])
@pytest.mark.parametrize("host", ["169.254.169.254", "[::ffff:169.254.169.254]", "2852039166", "0xa9.254.0251.254"])
def test_metadata_is_no_realm_whether_approved_or_not(host: str, approve: bool, connected: list[Any]) -> None:
    with FakeRegistry(auth="bearer") as registry:
        registry.realm = f"http://{host}/token"
        approved = frozenset({registry.realm} if approve else ())
        assert isinstance(error_of(registry.settings(approved_realms=approved)), AddressRefused)
        assert connected == [("127.0.0.1", registry.port)]


def test_an_approved_name_leads_nobody_to_metadata(connected: list[Any]) -> None:
    with FakeRegistry(auth="bearer") as registry:
        registry.realm = "http://metadata.google.internal/token"

        def resolve(host: str, port: int) -> Sequence[Address]:
            return (leads_to("169.254.169.254") if host.startswith("metadata") else registry.resolve)(host, port)

        settings = registry.settings(approved_realms=frozenset({registry.realm}))
        assert isinstance(error_of(settings, resolve=resolve), AddressRefused)
        assert connected == [("127.0.0.1", registry.port)]


def test_an_approved_token_server_that_redirects_inside_a_network_is_not_to_be_approved_again() -> None:
    with FakeRegistry(auth="bearer") as registry, FakeRegistry() as sink:
        registry.fault(redirect(f"{sink.url}/token"), path="^/token")
        registry.realm = f"{registry.url}/token"
        error = error_of(registry.settings(approved_realms=frozenset({registry.realm})))
        assert isinstance(error, AddressRefused)
        assert not sink.requests


def test_a_redirect_to_an_approved_origin_is_followed(fake_registry: FakeRegistry) -> None:
    with FakeRegistry() as there:
        there.push("app", "1.0")
        fake_registry.fault(redirect(f"{there.url}/v2/app/tags/list"), path="tags/list")
        fake_registry.fault(redirect(f"{there.url}/v2/app/manifests/1.0"), path="manifests")
        assert error_of(fake_registry.settings(approved_realms=neighbours(there.url))) is None


def test_a_registry_on_this_machine_may_redirect_to_itself(fake_registry: FakeRegistry) -> None:
    digest = fake_registry.push("app", "1.0")
    fake_registry.fault(redirect("/v2/app/tags/list"), path=r"tags/list\?")
    fake_registry.fault(redirect(f"{fake_registry.url}/v2/app/manifests/{digest}"), path="1.0")
    with Client(fake_registry.settings()) as client:
        assert [seen.digest for seen in client.listing("app").observations] == [digest]
