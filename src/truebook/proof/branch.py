"""An account's part of a proof: its leaves, and the way from each to the signed root.

Promise: what `check` accepts is right whoever made it: every amount that is told is in the signed
total of its asset, and can't be counted for anybody else. Nothing in a branch is left unchecked, so
one changed byte is one refusal.

Why it is enough: by induction from the leaf upwards each step's hash covers both children's hashes
and sums, and no sum may be negative or above AMOUNT_MAX, so none can lower what is above it; the
last step must be the signed root. The leaf names the account by number and by the name it chose, so
two accounts can't be shown the same leaf without one of them noticing.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from truebook.limits import ACCOUNTS_MAX, AMOUNT_MAX, ASSETS_MAX
from truebook.proof.hashing import EMPTY, HASH_BYTES, NAME_BYTES, Node, depth_of, leaf, parent
from truebook.proof.statement import NotAStatement, OfAsset, Statement, read

BYTES_MAX = 4 << 20
"""Of a file with branches of every asset there can be."""


class NotProved(Exception):
    """What a branch doesn't prove, and why."""


class Step(Struct, forbid_unknown_fields=True, frozen=True):
    """A neighbour on the way up."""

    hash: str
    sum: str


class Branch(Struct, forbid_unknown_fields=True, frozen=True):
    """What an account is owed of one asset, and the way to the root. Numbers are decimal text, so
    that no reader rounds them."""

    asset: str
    atoms: str
    salt: str
    index: int
    """The leaf's place: its lowest bit tells whether the leaf is a right child, and so on up."""
    path: Sequence[Step]
    """From the leaf's neighbour up; where there is none (EMPTY) nothing stands."""


class AccountProof(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """All that an account needs to check what it is owed."""

    root: str
    """The signed statement, whole."""
    account_id: int
    name: str
    branches: Sequence[Branch]
    """One for each asset that the account has."""


class Owed(Struct, frozen=True):
    """What is proved of one asset."""

    asset: OfAsset
    atoms: int


_decode = msgspec.json.Decoder(AccountProof).decode


def parse(data: bytes) -> AccountProof:
    """The proof in a file. Raises NotProved."""
    if len(data) > BYTES_MAX:
        raise NotProved("it is too long for a proof")
    try:
        return _decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise NotProved(f"it can't be read: {error}") from None


def check(proof: AccountProof) -> tuple[Statement, list[Owed]]:
    """What the venue has signed, and what of it is this account's; both checked, whoever the signer
    is. Raises NotProved."""
    try:
        statement = read(proof.root)
    except NotAStatement as error:
        raise NotProved(f"the root: {error}") from None
    if not 0 <= proof.account_id < ACCOUNTS_MAX:
        raise NotProved("accountId: there is no such account")
    owed = [_check_branch(statement, proof, branch) for branch in proof.branches]
    numbers = [one.asset.number for one in owed]
    if sorted(set(numbers)) != numbers:
        raise NotProved("an asset stands twice, or not in its place")
    return statement, owed


def _check_branch(statement: Statement, proof: AccountProof, branch: Branch) -> Owed:
    asset = statement.by_symbol(branch.asset)
    if asset is None or asset.number >= ASSETS_MAX:
        raise NotProved(f"the root has no asset {branch.asset!r}")
    try:
        found, atoms = _climb(asset, proof, branch)
    except ValueError as error:
        raise NotProved(f"{branch.asset}: {error}") from None
    if found != asset.root:
        raise NotProved(
            f"{branch.asset}: the way up ends at {found.hash.hex()} with {found.sum} atoms in all,"
            f" but {asset.root.hash.hex()} with {asset.root.sum} is signed"
        )
    return Owed(asset, atoms)


def _climb(asset: OfAsset, proof: AccountProof, branch: Branch) -> tuple[Node, int]:
    """What stands at the top of the way from this leaf, and the leaf's atoms. Raises ValueError."""
    if not 0 <= branch.index < asset.leaves:
        raise ValueError(f"there is no leaf {branch.index}")
    atoms = _atoms("atoms", branch.atoms)
    if not atoms:
        raise ValueError("a leaf of nothing")
    name = proof.name.encode()
    if len(name) > NAME_BYTES or b"\0" in name:
        raise ValueError("there is no such name")
    salt = _bytes("salt", branch.salt)
    node = leaf(salt, name, atoms, proof.account_id, asset.number)
    steps, index, width = list(branch.path), branch.index, asset.leaves
    for _ in range(depth_of(asset.leaves)):
        is_alone = index % 2 == 0 and index + 1 == width
        if not is_alone and not steps:
            raise ValueError("the way up ends too early")
        other = EMPTY if is_alone else _node(steps.pop(0))
        node = parent(other, node) if index % 2 else parent(node, other)
        if node.sum > AMOUNT_MAX:
            raise ValueError(f"a sum on the way up is above {AMOUNT_MAX}")
        index, width = index // 2, (width + 1) // 2
    if steps:
        raise ValueError("the way up goes on beyond the root")
    return node, atoms


def _node(step: Step) -> Node:
    return Node(_bytes("hash", step.hash), _atoms("sum", step.sum))


def _atoms(field: str, text: str) -> int:
    is_plain = text.isascii() and text.isdigit() and len(text) <= 19 and str(int(text)) == text
    if not is_plain or int(text) > AMOUNT_MAX:
        raise ValueError(f"{field}: must be a whole number, 0 … {AMOUNT_MAX}")
    return int(text)


def _bytes(field: str, text: str) -> bytes:
    if len(text) != 2 * HASH_BYTES or set(text) - set("0123456789abcdef"):
        raise ValueError(f"{field}: must be {HASH_BYTES} bytes in lower-case hex")
    return bytes.fromhex(text)
