"""How leaves and nodes of a sum tree are hashed.

Promise: nobody can give two contents for one hash, nor take a leaf for a node, as long as nobody
finds collisions of SHA-256: leaf and node begin with words of their own and differ in length, every
field has its place, and a node's hash covers hash *and* sum of either child. Why SHA-256: browsers
have it, so everybody can check without code of others.

All numbers are little-endian and without a sign; no sum is above limits.AMOUNT_MAX.
"""

from hashlib import sha256
from struct import Struct
from typing import NamedTuple

HASH_BYTES = 32
NAME_BYTES = 24

LEAF_WORDS = b"truebook leaf\0\0\0"
NODE_WORDS = b"truebook node\0\0\0"
LEAF = Struct("<16s32s24sQII")
"""Words, salt, the account's name filled with zeros, atoms, account, asset."""
NODE = Struct("<16s32sQ32sQ")
"""Words, then hash and sum of the left child, then of the right one."""


class Node(NamedTuple):
    """What stands at any place of the tree, leaves included."""

    hash: bytes
    sum: int
    """Atoms, of all leaves below."""


EMPTY = Node(bytes(HASH_BYTES), 0)
"""Stands where the last node of a level has no neighbour. No content has this hash."""


def leaf(salt: bytes, name: bytes, atoms: int, account: int, asset: int) -> Node:
    """What an account is owed of an asset."""
    return Node(sha256(LEAF.pack(LEAF_WORDS, salt, name, atoms, account, asset)).digest(), atoms)


def parent(left: Node, right: Node) -> Node:
    """The node above two."""
    return Node(sha256(NODE.pack(NODE_WORDS, *left, *right)).digest(), left.sum + right.sum)


def depth_of(leaves: int) -> int:
    """How many levels stand above the leaves of a tree."""
    return max(leaves - 1, 0).bit_length()
