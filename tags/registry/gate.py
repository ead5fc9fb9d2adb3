"""Which addresses may be connected to, judged on the very address a socket is about to be given.

A name is no promise: who owns it can let it lead to another address at every look-up. So nothing is judged before the
look-up, and nothing is looked up after the judgement.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from .errors import AddressRefused, InsideNetwork
from .printable import printable

IPAddress = IPv4Address | IPv6Address

# Nobody keeps images there; but a machine in a cloud is told who it is, and handed its keys.
_NEVER = (
    ip_network("0.0.0.0/8"),
    ip_network("::/128"),
    ip_network("224.0.0.0/4"),
    ip_network("255.255.255.255/32"),
    ip_network("ff00::/8"),
    ip_network("169.254.0.0/16"),  # link-local, with the metadata of nearly every cloud
    ip_network("fe80::/10"),
    ip_network("fd00:ec2::/32"),  # AWS
    ip_network("fd20:ce::254/128"),  # Google Cloud
    ip_network("100.100.100.200/32"),  # Alibaba Cloud
    ip_network("168.63.129.16/32"),  # Azure, amid public addresses
    ip_network("192.0.0.192/32"),  # Oracle Cloud
)

# IPv6 addresses that end in the IPv4 address they stand for: mapped (RFC 4291), compatible (as old, and given up),
# translated (RFC 2765), NAT64 (RFC 6052) and NAT64 of one's own (RFC 8215).
_ENDS_IN_IPV4 = tuple(map(ip_network, ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")))


def check(host: str, address: str, *, chosen_by_registry: bool) -> None:
    """Raises AddressRefused unless `address`, to which `host` leads, may be connected to.

    Where a person sent us may be inside a network, where a registry or somebody after it sent us may not.
    """
    meant = meant_by(ip_address(address))
    if is_never(meant):
        raise AddressRefused(f"{printable(host)} leads to an address to which nothing is ever sent")
    if chosen_by_registry and is_inside(meant):
        raise InsideNetwork(
            f"{printable(host)} leads to an address inside a network: "
            "a registry may send us there only if it is an approved token endpoint",
            host,
        )


def is_never(address: IPAddress) -> bool:
    """Whether nothing is ever sent there, whoever asks for it: cloud metadata, link-local, multicast."""
    return _is_in(_NEVER, meant_by(address))


def is_inside(address: IPAddress) -> bool:
    """Whether it is anywhere but on the public internet: this machine, a private network, a range nobody has."""
    meant = meant_by(address)
    site_local = isinstance(meant, IPv6Address) and meant.is_site_local
    return not meant.is_global or meant.is_multicast or meant.is_reserved or site_local


def meant_by(address: IPAddress) -> IPAddress:
    """The IPv4 address where packets for an IPv6 address end up, the address itself if there is none."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    return IPv4Address(address.packed[-4:]) if _is_in(_ENDS_IN_IPV4, address) else address


def _is_in(networks: tuple[IPv4Network | IPv6Network, ...], address: IPAddress) -> bool:
    return any(address in network for network in networks)
