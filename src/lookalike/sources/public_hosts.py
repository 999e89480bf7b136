"""Which addresses are on the public internet, and which a stranger must not make us ask."""

from __future__ import annotations

import ipaddress
from typing import TypeAlias

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"

# Python's own lists have grown from version to version; these are IANA's special-purpose blocks.
_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # carriers' NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, where clouds answer with secrets
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
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # all that was ever given out
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # protocols: Teredo, ORCHID, benchmarks...
            "2001:db8::/32",  # documentation
            "3fff::/20",  # likewise
            "5f00::/16",  # segment routing
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv4 address in its last 32 bits
_6TO4 = ipaddress.IPv6Network("2002::/16")  # in the bits 16 to 48
_32_BITS = 0xFFFF_FFFF


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public internet, whatever it is wrapped in.

    IPv4 addresses in IPv6 ones count by what they are: mapped, NAT64 and 6to4. All others that hold
    one (IPv4-compatible, Teredo, NAT64 of a local prefix) are not public.
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
