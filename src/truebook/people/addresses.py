"""From where a key may be used: address lists, kept in memory, restrictions only.

Promise: a key with a list works from these networks and from nowhere else; a list that can't be
read lets nobody in. A key without a list works from everywhere.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from truebook.limits import KEY_ADDRESSES_MAX
from truebook.people.database import KeyRow
from truebook.people.errors import Unacceptable

Networks = tuple[IPv4Network | IPv6Network, ...]


class AddressLists:
    """The networks of every key that has a list."""

    def __init__(self) -> None:
        self.loads = 0
        """How often they were loaded."""
        self._networks: dict[bytes, Networks] = {}

    def load(self, rows: Iterable[KeyRow]) -> None:
        """These are all that there are."""
        self.loads += 1
        self._networks = {row.public_key: _networks(row.addresses) for row in rows}

    def allow(self, public_key: bytes, address: str) -> bool:
        """Whether the key may be used from there."""
        networks = self._networks.get(public_key)
        if networks is None:
            return True
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in networks)


def _networks(text: object) -> Networks:
    """The networks of a row, none if anybody has spoilt it."""
    try:
        return tuple(map(ip_network, str(text).split()))
    except ValueError:
        return ()


def address_list(networks: Iterable[str]) -> str:
    """Networks or single addresses as they are kept. Raises Unacceptable."""
    texts = list(networks)
    if len(texts) > KEY_ADDRESSES_MAX:
        raise Unacceptable("addresses", f"at most {KEY_ADDRESSES_MAX} are kept")
    try:
        return " ".join(str(ip_network(text)) for text in texts)
    except ValueError as error:
        raise Unacceptable("addresses", str(error)) from None
