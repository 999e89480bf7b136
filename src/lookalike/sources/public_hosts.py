"""A check whether an IP address is on the public internet."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

# IANA's special-purpose blocks; Python's own lists differ from version to version.
_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, where clouds serve their credentials
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # all that was ever assigned
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks...
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last 32 bits
_6TO4 = ipaddress.IPv6Network("2002::/16")  # in the bits 16 to 48
_32_BITS = 0xFFFF_FFFF


def is_public(address: Address) -> bool:
    """Check whether an address is on the public internet, however it is written.

    An IPv6 address that maps an IPv4 address, or embeds it by NAT64 or 6to4, counts as that one.
    Other embeddings (IPv4-compatible, Teredo, NAT64 with a local prefix) are not public.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _NOT_PUBLIC_4)
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    number = int(address)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(number & _32_BITS))
    if address in _6TO4:
        return is_public(ipaddress.IPv4Address(number >> 80 & _32_BITS))
    return address in _PUBLIC_6 and not any(address in block for block in _NOT_PUBLIC_6)
