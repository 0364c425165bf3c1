"""Which addresses and host names are the public Internet's. Pure: nothing is resolved here."""

import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

NOT_PUBLIC_V4: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
"""IANA IPv4 special-purpose registry, and multicast. Ours, because `is_global` differs between Python releases."""

UNICAST_V6: Final = ip_network("2000::/3")
"""All that is assigned for global unicast: NAT64, v4-compatible, site-local, ULA and multicast lie outside."""

NOT_PUBLIC_V6: Final = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Inside it: protocol assignments with Teredo, documentation, 6to4."""

INTERNAL_NAMES: Final = ("localhost", "local", "internal", "home.arpa", "lan")


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the public Internet. What only embeds an IPv4 address is refused as a kind.

    A v4-mapped one is the IPv4 address itself, so that decides.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in NOT_PUBLIC_V4)
    return ip in UNICAST_V6 and not any(ip in network for network in NOT_PUBLIC_V6)


def is_internal(host: str) -> bool:
    """Say whether a URL's host can be told, without resolving it, to lead nowhere public.

    That is a literal address in any spelling a resolver takes (`127.1`, `0x7f.1`, `2130706433`), a name of a local
    network, or no name at all.
    """
    name = plain_host(host)
    address = literal_address(name)
    if address is not None:
        return not is_public(address)
    return "." not in name or any(name.endswith(f".{suffix}") for suffix in INTERNAL_NAMES)


def plain_host(host: str) -> str:
    """Return a host as it is compared: lower case, compatibility characters folded, no brackets, no root dot."""
    return unicodedata.normalize("NFKC", host).replace("。", ".").lower().strip("[]").rstrip(".")


def literal_address(host: str) -> str | None:
    """Return the address a host is, in its usual spelling; None for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):  # ValueError: characters outside ASCII
        return None
