"""Building the sum tree of one asset, level by level.

Promise: the same rows and key give the same tree, bit for bit. Leaves stand in the order of their
hashes: as good as drawn by lot, and drawn anew for every position, so a place in the tree tells
nothing of the account, and nobody meets the same neighbour twice. A level with an odd number of
nodes is filled up with hashing.EMPTY, which isn't stored.

A million leaves take about two seconds, nearly all of it in SHA-256.
"""

from collections.abc import Iterator
from hashlib import blake2b, sha256
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from truebook.limits import AMOUNT_MAX
from truebook.proof.hashing import EMPTY, HASH_BYTES, LEAF_WORDS, NODE_WORDS, Node

ENTRY = np.dtype(
    [
        ("salt", "V32"),
        ("name", "S24"),
        ("atoms", "<u8"),
        ("account", "<u4"),
        ("index", "<u4"),  # of its leaf
    ]
)
"""What is needed for an account's leaf; sorted by account."""

PLACE = np.dtype([("hash", "V32"), ("sum", "<u8")])
"""A node, as it stands in a level."""

_LEAF = np.dtype(
    [
        ("words", "V16"),
        ("salt", "V32"),
        ("name", "S24"),
        ("atoms", "<u8"),
        ("account", "<u4"),
        ("asset", "<u4"),
    ]
)
_NODE = np.dtype([("words", "V16"), ("left", PLACE), ("right", PLACE)])
_AT_ONCE = 1 << 16
"""Messages that are laid out before they are hashed: a few megabytes."""

Rows = NDArray[Any]


class SumTooLarge(ValueError):
    """Somebody is owed less than nothing, or more than there can be: such a state isn't proved."""


class Tree(NamedTuple):
    """The liabilities in one asset."""

    entries: Rows
    """ENTRY, by account."""
    levels: list[Rows]
    """PLACE; the leaves first, the root last."""

    @property
    def root(self) -> Node:
        """What the venue owes, and the hash that covers how it comes about."""
        if not len(self.entries):
            return EMPTY
        top = self.levels[-1][0]
        return Node(top["hash"].tobytes(), int(top["sum"]))


def build(asset: int, accounts: Rows, names: Rows, atoms: Rows, key: bytes) -> Tree:
    """The tree of what accounts, ascending, are owed of an asset, each more than nothing.

    `key` makes the salts: of the asset, the position and a secret. Raises SumTooLarge.
    """
    if len(atoms) and not 0 < int(atoms.min()) <= int(atoms.max()) <= AMOUNT_MAX:
        raise SumTooLarge(f"asset {asset}: a balance is outside of 1 … {AMOUNT_MAX}")
    entries = np.zeros(len(accounts), ENTRY)
    entries["account"], entries["name"], entries["atoms"] = accounts, names, atoms
    numbers = np.ascontiguousarray(accounts, "<u4").tobytes()
    salts = b"".join(
        [
            blake2b(numbers[at : at + 4], key=key, digest_size=HASH_BYTES).digest()
            for at in range(0, len(numbers), 4)
        ]
    )
    entries["salt"] = np.frombuffer(salts, "V32")
    if not len(entries):
        return Tree(entries, [])
    leaves = np.zeros(len(entries), PLACE)
    leaves["hash"] = np.frombuffer(b"".join(_leaf_hashes(asset, entries)), "V32")
    leaves["sum"] = entries["atoms"]
    order = np.argsort(np.ascontiguousarray(leaves["hash"]).view(">u8")[::4], kind="stable")
    entries["index"][order] = np.arange(len(order))
    levels = [leaves[order]]
    while len(levels[-1]) > 1:
        levels.append(_above(levels[-1]))
    return Tree(entries, levels)


def _leaf_hashes(asset: int, entries: Rows) -> Iterator[bytes]:
    for start in range(0, len(entries), _AT_ONCE):
        part = entries[start : start + _AT_ONCE]
        messages = np.zeros(len(part), _LEAF)
        messages["words"], messages["asset"] = np.void(LEAF_WORDS), asset
        for name in ("salt", "name", "atoms", "account"):
            messages[name] = part[name]
        yield _hashes(messages)


def _above(level: Rows) -> Rows:
    if len(level) % 2:
        level = np.append(level, np.zeros(1, PLACE))
    above = np.zeros(len(level) // 2, PLACE)
    above["sum"] = level["sum"][::2] + level["sum"][1::2]
    if int(above["sum"].max()) > AMOUNT_MAX:
        raise SumTooLarge(f"balances add up to more than {AMOUNT_MAX}")
    hashes = []
    for start in range(0, len(above), _AT_ONCE):
        part = level[2 * start : 2 * (start + _AT_ONCE)]
        messages = np.zeros(len(part) // 2, _NODE)
        messages["words"] = np.void(NODE_WORDS)
        messages["left"], messages["right"] = part[::2], part[1::2]
        hashes.append(_hashes(messages))
    above["hash"] = np.frombuffer(b"".join(hashes), "V32")
    return above


def _hashes(messages: Rows) -> bytes:
    """The hashes of messages of one length, behind each other."""
    size = messages.dtype.itemsize
    packed = messages.tobytes()
    return b"".join([sha256(packed[at : at + size]).digest() for at in range(0, len(packed), size)])
