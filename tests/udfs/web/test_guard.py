"""Where a request may go."""

import socket
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.web.guard import METADATA, PrivateAddress, allowed, literal, networks, open_socket


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3", "198.18.0.1",
        "192.0.2.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1", "5f00::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_closed(address: str) -> None:
    assert not allowed(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_open(address: str) -> None:
    assert allowed(ip_address(address))


def test_a_named_network_is_opened_and_nothing_beside_it() -> None:
    opened = networks(["10.1.0.0/16", "fd12::/16"])
    assert allowed(ip_address("10.1.2.3"), opened)
    assert allowed(ip_address("::ffff:10.1.2.3"), opened)
    assert allowed(ip_address("fd12::1"), opened)
    assert not allowed(ip_address("10.2.0.1"), opened)
    assert not allowed(ip_address("127.0.0.1"), opened)


def test_link_local_metadata_multicast_and_no_address_are_never_opened() -> None:
    everything = networks(["0.0.0.0/0", "::/0"])
    assert allowed(ip_address("127.0.0.1"), everything)
    for address in [*METADATA, *map(ip_address, ("169.254.1.1", "fe80::1", "224.0.0.1", "0.0.0.0", "::"))]:
        assert not allowed(address, everything)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"), ("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("8.8.8.8", "8.8.8.8"),
    ],
)  # fmt: skip
def test_literals_of_every_kind(host: str, address: str) -> None:
    assert literal(host) == ip_address(address)


@pytest.mark.parametrize("host", ["shop.example", "1.2.3.4.5", "", "127.0.0.1.example.org", "имя.рф"])
def test_names_are_no_literals(host: str) -> None:
    assert literal(host) is None


def test_no_socket_is_made_for_a_closed_address() -> None:
    opened = networks(["127.0.0.2/32"])
    with pytest.raises(PrivateAddress):
        open_socket(socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.1", 80), opened)
    with pytest.raises(PrivateAddress):
        open_socket(socket.AF_INET6, socket.SOCK_STREAM, 0, ("fe80::1%1", 80, 0, 1), opened)
    open_socket(socket.AF_INET, socket.SOCK_STREAM, 0, ("127.0.0.2", 80), opened).close()


@given(
    st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="127.0.0.0/8") | st.ip_addresses(network="fc00::/7")
)
def test_nothing_private_is_open_in_any_disguise(address: object) -> None:
    plain = ip_address(str(address))
    assert not allowed(plain)
    if plain.version == 4:
        assert not allowed(ip_address(f"::ffff:{plain}"))
        assert not allowed(ip_address(f"64:ff9b::{plain}"))
