"""How long somebody who guesses has to wait.

Promise: the first attempts are free; after that each further one doubles the wait, up to a maximum.
An attempt is counted before it is made and given back if it succeeds, so a hundred at once are a
hundred. Names that exist and names that don't are counted alike, and none is kept in clear: people
type passwords into the wrong field.
"""

from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from truebook.limits import (
    ADDRESS_FAILURES_FREE,
    BACK_OFF_S_MAX_ADDRESS,
    BACK_OFF_S_MAX_NAME,
    PASSWORD_FAILURES_FREE,
)
from truebook.people.database import Charge

_DOUBLINGS_MAX = 20


def wait_ms(beyond: int, wait_s_max: int) -> int:
    """The wait after the last attempt, when `beyond` more than the free ones were made."""
    if beyond < 0:
        return 0
    wait_s: int = min(2 ** min(beyond, _DOUBLINGS_MAX), wait_s_max)
    return wait_s * 1000


def name_charge(name: str) -> Charge:
    """An attempt at a name's password."""
    digest = blake2b(name.encode(errors="replace"), digest_size=16).hexdigest()
    return Charge(f"name {digest}", PASSWORD_FAILURES_FREE, BACK_OFF_S_MAX_NAME)


def address_charge(address: str) -> Charge:
    """An attempt from an address."""
    return Charge(f"from {_block(address)}", ADDRESS_FAILURES_FREE, BACK_OFF_S_MAX_ADDRESS)


def sign_up_charge(address: str, free: int) -> Charge:
    """An account opened from an address."""
    return Charge(f"sign-up {_block(address)}", free, BACK_OFF_S_MAX_ADDRESS)


def _block(address: str) -> str:
    """What one person may be supposed to have of the address space."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
    return str(parsed)
