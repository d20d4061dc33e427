"""What differs between two canonical states, record by record, in words.

Promise: every record that is in one of them only, or has other values there, is named, with the
values of both; equal states differ in nothing.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from truebook.engine.canonical.tables import DTYPES, Table, Tables

KEYS: dict[str, tuple[str, ...]] = {
    "clock": (),
    "gateways": ("gateway",),
    "assets": ("asset",),
    "markets": ("market",),
    "tiers": ("tier",),
    "accounts": ("account",),
    "keys": ("number",),
    "balances": ("account", "asset"),
    "orders": ("order_id",),
    "triggers": ("order_id",),
    "timers": ("account", "timer"),
    "withdrawals": ("withdrawal_id",),
    "references": ("first", "second"),
    "attesters": ("slot",),
}
"""What names a record of each table."""

_WORDS = {
    "gateways": "gateway {}",
    "assets": "asset {}",
    "markets": "market {}",
    "tiers": "fee tier {}",
    "accounts": "account {}",
    "keys": "key number {}",
    "balances": "balance of account {} in asset {}",
    "orders": "order {}",
    "triggers": "pending order {}",
    "timers": "timer of account {}, number {}",
    "withdrawals": "withdrawal {}",
    "references": "reference {:016x}{:016x}",
    "attesters": "attester {}",
}
NOTHING = "not there"
TOLD_MAX = 20
"""More of them tell nothing new; the rest is counted."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


class Difference(Struct, rename="camel", frozen=True):
    """One record."""

    place: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.place}: {self.found}, not {self.expected}"


def differences(found: Tables, expected: Tables) -> Iterator[Difference]:
    """Each record of `found` that isn't as `expected`, and each that is missing there."""
    for name in DTYPES:
        yield from _in_table(name, getattr(found, name), getattr(expected, name))


def told(all_of_them: Iterator[Difference]) -> str:
    """The first of them in words, and how many more there are."""
    listed = list(all_of_them)
    text = "; ".join(map(str, listed[:TOLD_MAX]))
    return text + (f"; and {len(listed) - TOLD_MAX} more" if len(listed) > TOLD_MAX else "")


def _in_table(name: str, found: Table, expected: Table) -> Iterator[Difference]:
    if np.array_equal(found, expected):
        return
    # Equal rows are most of them: what is left over on either side is little.
    lasting = set(_digests(found).tolist()) & set(_digests(expected).tolist())
    ours, theirs = (_by_key(name, table, lasting) for table in (found, expected))
    for key in sorted(ours.keys() | theirs.keys()):
        ours_row, theirs_row = ours.get(key), theirs.get(key)
        fields = [
            field
            for field in DTYPES[name].names or ()
            if field not in KEYS[name]
            and (ours_row is None or theirs_row is None or ours_row[field] != theirs_row[field])
        ]
        place = _WORDS[name].format(*key) if key else name
        yield Difference(place, _words(ours_row, fields), _words(theirs_row, fields))


def _digests(table: Table) -> NDArray[np.uint64]:
    """A number for each row, the same for equal rows."""
    packed = np.ascontiguousarray(table).view(np.uint8).reshape(len(table), -1)
    words = np.zeros((len(table), -(-packed.shape[1] // 8) * 8), np.uint8)
    words[:, : packed.shape[1]] = packed
    total = np.zeros(len(table), np.uint64)
    for column in words.view(np.uint64).T:
        total = (total ^ column) * _MIX
        total ^= total >> np.uint64(29)
    return total


def _by_key(name: str, table: Table, lasting: set[int]) -> dict[tuple[int, ...], Any]:
    """The rows that the other side hasn't, by what names them."""
    others = [i for i, digest in enumerate(_digests(table).tolist()) if digest not in lasting]
    return {tuple(int(table[i][field]) for field in KEYS[name]): table[i] for i in others}


def _words(row: Any, fields: list[str]) -> str:
    if row is None:
        return NOTHING
    return ", ".join(f"{field} {_value(row[field])}" for field in fields)


def _value(value: Any) -> str:
    if isinstance(value, bytes):
        return repr(value.rstrip(b"\0").decode(errors="replace"))
    if isinstance(value, np.void):
        return value.tobytes().hex()
    return str(int(value))
