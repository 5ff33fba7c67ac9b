"""Whose requests count together."""

from __future__ import annotations

import ipaddress


def visitor_at(address: str) -> str:
    """Whom limits count for, by the address of a connection: of IPv6 the network of 64 bits, which is what one
    household or one rented machine is given, with more addresses than any limit could ever count."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{ipaddress.IPv6Address(int(found) >> 64 << 64)}/64"
