"""Which addresses are the public Internet's."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedream_hub.schemas.addresses import is_internal, is_public


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.0.0.8",
        "192.168.0.1",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "3fff::1",
        "fc00::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "pictures.example.com",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_told(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1", "::ffff:8.8.8.8"])
def test_an_address_of_the_public_internet_is_told(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_nothing_counts_as_public_that_python_knows_is_not(address: IPv4Address | IPv6Address) -> None:
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped
    known = mapped or address
    assert known.is_global or not is_public(str(address))
    assert not (known.is_multicast and is_public(str(address)))


@pytest.mark.parametrize(
    "host", ["pictures.example.com", "8.8.8.8", "[2606:4700::1]", "bücher.example", "face.example"]
)
def test_a_host_that_may_be_public_is_left_to_the_resolver(host: str) -> None:
    assert not is_internal(host)


@pytest.mark.parametrize(
    "host", ["", ".", "nas", "localhost", "a.localhost.", "nas.LOCAL", "x.internal", "0x7f000001"]
)
def test_a_host_that_cannot_be_public_is_told_without_resolving_it(host: str) -> None:
    assert is_internal(host)
