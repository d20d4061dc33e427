"""A tree's file: all branches of one proof, each found by a few reads at known places.

    head       magic (8 bytes), bytes of the statement (u32), zero (u32), then the statement
    per asset  that has leaves, in the statement's order:
      entries  72 bytes a leaf, by account: tree.ENTRY
      levels   40 bytes a node: tree.PLACE, leaves first, the root last

Promise: a branch that `branches` gives has been checked (branch.py): a file that somebody damaged
gives ProofDamaged or leaves a branch out, and never gives a wrong one. Reading costs one binary
search and one read a level, in a file of any size. The file holds everybody's balances: it is its
owner's alone.
"""

import os
from pathlib import Path
from struct import Struct

import numpy as np

from truebook.proof.branch import AccountProof, Branch, NotProved, Step, check
from truebook.proof.statement import BYTES_MAX, NotAStatement, OfAsset, Statement, read
from truebook.proof.tree import ENTRY, PLACE, Tree

MAGIC = b"TRUELIA1"
_HEAD = Struct("<8sII")


class ProofDamaged(Exception):
    """A tree's file isn't what was written."""


def pack(text: str, trees: list[Tree]) -> list[bytes | memoryview]:
    """The bytes of a file, in pieces."""
    statement = text.encode()
    pieces: list[bytes | memoryview] = [_HEAD.pack(MAGIC, len(statement), 0), statement]
    for tree in trees:
        if len(tree.entries):
            parts = (tree.entries, *tree.levels)
            pieces += [np.ascontiguousarray(part).view(np.uint8).data for part in parts]
    return pieces


class TreeFile:
    """One file, open for reading; of use to any number of threads."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, ProofDamaged."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            self.root, self.statement = self._read_head()
        except BaseException:
            self.close()
            raise
        self._starts: dict[int, int] = {}
        """Where the entries of an asset begin."""
        at = _HEAD.size + len(self.root.encode())
        for asset in self.statement.assets:
            self._starts[asset.number] = at
            at += asset.leaves * ENTRY.itemsize + sum(_widths(asset.leaves)) * PLACE.itemsize
        if os.fstat(self._descriptor).st_size != at:
            self.close()
            raise ProofDamaged(f"{path}: cut off, or with more behind its end")

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def branches(self, account: int, name: str) -> AccountProof:
        """What an account needs to check what it is owed; of that name today, if it has nothing.
        Raises ProofDamaged, OSError."""
        found = [
            (asset, entry)
            for asset in self.statement.assets
            if (entry := self._entry(asset, account)) is not None
        ]
        if found:
            name = found[0][1]["name"].decode(errors="replace")
        branches = [self._branch(asset, entry) for asset, entry in found]
        proof = AccountProof(self.root, account, name, branches)
        try:
            check(proof)
        except NotProved as error:
            raise ProofDamaged(f"{self.path}: {error}") from None
        return proof

    def _read_head(self) -> tuple[str, Statement]:
        head = os.pread(self._descriptor, _HEAD.size, 0)
        magic, length, _ = _HEAD.unpack(head) if len(head) == _HEAD.size else (b"", 0, 0)
        if magic != MAGIC or length > BYTES_MAX:
            raise ProofDamaged(f"{self.path}: doesn't begin as a tree does")
        try:
            text = os.pread(self._descriptor, length, _HEAD.size).decode()
            return text, read(text)
        except (UnicodeDecodeError, NotAStatement) as error:
            raise ProofDamaged(f"{self.path}: {error}") from None

    def _entry(self, asset: OfAsset, account: int) -> np.void | None:
        """The entry of an account, by binary search."""
        low, high = 0, asset.leaves
        while low < high:
            middle = (low + high) // 2
            (entry,) = self._rows(self._starts[asset.number], middle, ENTRY)
            number = int(entry["account"])
            if number == account:
                found: np.void = entry
                return found
            low, high = (middle + 1, high) if number < account else (low, middle)
        return None

    def _branch(self, asset: OfAsset, entry: np.void) -> Branch:
        at = self._starts[asset.number] + asset.leaves * ENTRY.itemsize
        index = int(entry["index"])
        path = []
        for width in _widths(asset.leaves)[:-1]:
            if index ^ 1 < width:
                (place,) = self._rows(at, index ^ 1, PLACE)
                path.append(Step(place["hash"].tobytes().hex(), str(int(place["sum"]))))
            at += width * PLACE.itemsize
            index //= 2
        salt = entry["salt"].tobytes().hex()
        return Branch(asset.symbol, str(int(entry["atoms"])), salt, int(entry["index"]), path)

    def _rows(self, start: int, number: int, layout: "np.dtype[np.void]") -> np.ndarray:
        data = os.pread(self._descriptor, layout.itemsize, start + number * layout.itemsize)
        if len(data) < layout.itemsize:
            raise ProofDamaged(f"{self.path}: cut off")
        return np.frombuffer(data, layout)


def _widths(leaves: int) -> list[int]:
    """How many nodes each level has, from the leaves to the root."""
    widths = [leaves] if leaves else []
    while widths and widths[-1] > 1:
        widths.append((widths[-1] + 1) // 2)
    return widths
