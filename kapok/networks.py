"""Who an IP address counts as, where attempts are counted. In: an address as text. Out: a network as text."""

from __future__ import annotations

import ipaddress


def network_of(address: str) -> str:
    """Itself; of IPv6 its /64, which one customer has to himself. What is no address stays what it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((parsed, 64), strict=False))
