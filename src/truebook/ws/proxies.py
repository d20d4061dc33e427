"""Who asks, where proxies stand between: X-Forwarded-For, as far as it can be believed.

Promise: an address is taken from the header only if everybody behind it, from the one who connects
on, is a trusted proxy. Each proxy adds at the end whom it heard, so the list is read backwards, and
the first who isn't trusted is the one who asks; what stands before could be anybody's invention.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

HEADER = b"x-forwarded-for"


class Proxies:
    """Those whose word is taken."""

    def __init__(self, trusted: str = "") -> None:
        """Addresses and networks, joined by commas. Raises ValueError."""
        words = (word.strip() for word in trusted.split(","))
        self._networks: list[IPv4Network | IPv6Network] = [
            ip_network(word) for word in words if word
        ]

    def address(self, peer: str, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The address of who asks; `peer` is who connects. Names of headers are in lower case."""
        if not self._networks or not self._is_trusted(peer):
            return peer
        values = b",".join([value for name, value in headers if name == HEADER])
        address = peer
        for hop in reversed(values.split(b",")):
            found = _address_in(hop)
            if found is None:
                break
            address = str(found)
            if not self._is_trusted(address):
                break
        return address

    def _is_trusted(self, text: str) -> bool:
        try:
            address = _plain(ip_address(text))
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def _address_in(hop: bytes) -> IPv4Address | IPv6Address | None:
    """The address that a proxy named, without a port; None for what isn't one."""
    text = hop.decode("latin-1").strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return _plain(ip_address(text))
    except ValueError:
        return None


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
