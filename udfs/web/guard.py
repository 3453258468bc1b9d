"""Decides which addresses a request may connect to. All sockets are made here, so no other address can be used."""

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

METADATA = frozenset(
    ip_address(text)
    for text in ("169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254")
)
"""Where clouds hand out credentials. One of them is a public address, some lie in networks that a spec may open."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that is routed on the internet (RFC 4291, IANA registry)."""

NAT64 = IPv6Network("64:ff9b::/96")
"""IPv6 names of IPv4 addresses (RFC 6052)."""


class PrivateAddress(Exception):
    """A request would have gone to a private or reserved address."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"{address} may not be accessed (private or reserved)")
        self.address = address


def networks(texts: Sequence[str]) -> Networks:
    """The networks that texts such as "10.1.0.0/16" name; raises ValueError."""
    return tuple(ip_network(text) for text in texts)


def allowed(address: Address, opened: Networks = ()) -> bool:
    """Whether a request may go to an address: public, or in an allowed network; never link-local."""
    embedded = _embedded(address)
    if embedded is not None:
        return allowed(embedded, opened)
    if address in METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    if any(address.version == network.version and address in network for network in opened):
        return True
    return address.is_global and not address.is_reserved and (address.version == 4 or address in GLOBAL_UNICAST)


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def literal(host: str) -> Address | None:
    """The address that a host means without a name server, as C libraries read it: also 2130706433, 0x7f.1, 0177.1."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError, ValueError):
        return None


def open_socket(
    family: int, kind: int, protocol: int, destination: Sequence[object], opened: Networks
) -> socket.socket:
    """A socket to be connected to `destination`, whose first part is an address; raises `PrivateAddress`."""
    address = ip_address(str(destination[0]).partition("%")[0])
    if not allowed(address, opened):
        raise PrivateAddress(address)
    return socket.socket(family=family, type=kind, proto=protocol)
