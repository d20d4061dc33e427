"""The fast tree against one that is written down as the format tells, by recursion."""

from hashlib import blake2b, sha256

import numpy as np
import pytest

from truebook.limits import AMOUNT_MAX
from truebook.proof.hashing import depth_of
from truebook.proof.tree import SumTooLarge, build

KEY = b"k" * 32


def number(value, size):
    return value.to_bytes(size, "little")


def naive_leaf(asset, account, name, atoms):
    salt = blake2b(number(account, 4), key=KEY, digest_size=32).digest()
    about = salt + name.ljust(24, b"\0") + number(atoms, 8) + number(account, 4) + number(asset, 4)
    return sha256(b"truebook leaf".ljust(16, b"\0") + about).digest(), atoms


def naive_node(leaves, level, place):
    if place >= -(-len(leaves) // 2**level):
        return bytes(32), 0
    if level == 0:
        return leaves[place]
    left, right = (naive_node(leaves, level - 1, 2 * place + side) for side in (0, 1))
    both = b"".join(child[0] + number(child[1], 8) for child in (left, right))
    return sha256(b"truebook node".ljust(16, b"\0") + both).digest(), left[1] + right[1]


def naive_root(asset, holders):
    leaves = sorted(naive_leaf(asset, *holder) for holder in holders)
    level = 0
    while 2**level < len(leaves):
        level += 1
    return naive_node(leaves, level, 0)


def built(asset, holders):
    accounts, names, atoms = (list(column) for column in zip(*holders, strict=True))
    return build(asset, np.array(accounts), np.array(names, "S24"), np.array(atoms, "u8"), KEY)


@pytest.mark.parametrize("count", [*range(1, 34), 100, 1025])
def test_the_fast_tree_is_the_naive_one(count):
    random = np.random.default_rng(count)
    numbers = np.sort(random.choice(1 << 22, count, replace=False)).tolist()
    atoms = random.integers(1, 1 << 40, count).tolist()
    holders = [(n, b"name %d" % n, a) for n, a in zip(numbers, atoms, strict=True)]
    tree = built(3, holders)
    assert tree.root == naive_root(3, holders)
    assert tree.root.sum == sum(atoms)
    assert len(tree.levels) == depth_of(count) + 1


def test_a_tree_of_nobody_has_the_root_of_nothing():
    empty = np.zeros(0, "u8")
    tree = build(0, empty, np.zeros(0, "S24"), empty, KEY)
    assert tree.root == (bytes(32), 0)


def test_leaves_stand_in_another_order_with_another_key():
    accounts, names = np.arange(50), np.full(50, b"a", "S24")
    atoms = np.ones(50, "u8")
    orders = [build(0, accounts, names, atoms, key).entries["index"].tolist() for key in (KEY, b"")]
    assert orders[0] != orders[1]
    assert all(sorted(order) == list(range(50)) for order in orders)


@pytest.mark.parametrize(
    "atoms", [[0], [1 << 63], [AMOUNT_MAX + 1], [AMOUNT_MAX, 1], [(1 << 64) - 5, 1], [1 << 61] * 3]
)
def test_what_nobody_can_have_is_not_proved(atoms):
    with pytest.raises(SumTooLarge):
        built(0, [(account, b"", value) for account, value in enumerate(atoms)])
