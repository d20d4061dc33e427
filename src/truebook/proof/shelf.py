"""The proofs that a gateway gives away: read from their files, which anybody may write meanwhile.

Promise: what is told is the latest proof, or exactly the one that was asked for, and has been
checked. A few files stay open, so asking again costs the reads of a branch. Threads take turns.
"""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from truebook.commandlog.interface import Position
from truebook.proof.branch import AccountProof
from truebook.proof.file import TreeFile
from truebook.proof.folder import ProofFolder

OPEN_MAX = 4


class NotMade(Exception):
    """There is no such proof; says what there is."""


class Shelf:
    """The proofs in a folder."""

    def __init__(self, path: Path | None) -> None:
        """None: there are none."""
        self._folder = None if path is None else ProofFolder(path)
        self._open: OrderedDict[Position, TreeFile] = OrderedDict()
        self._turn = Lock()

    def root(self, position: Position | None = None) -> str:
        """The signed root at a position, or the latest. Raises NotMade, ProofDamaged, OSError."""
        with self._turn:
            if position is None or self._folder is None:
                return self._tree(None).root
            found = self._folder.root_at(position)
        if found is None:
            raise NotMade(f"No proof of liabilities was made at {position}")
        return found

    def account(self, account: int, name: str, position: Position | None = None) -> AccountProof:
        """An account's branches; `name` for one that has nothing. Raises as `root`."""
        with self._turn:
            return self._tree(position).branches(account, name)

    def close(self) -> None:
        """Give the files back."""
        with self._turn:
            for tree in self._open.values():
                tree.close()
            self._open.clear()

    def _tree(self, position: Position | None) -> TreeFile:
        kept = [] if self._folder is None else self._folder.trees()
        if self._folder is None or not kept:
            raise NotMade("No proof of liabilities was made yet")
        position = kept[0] if position is None else position
        if position not in kept:
            raise NotMade(f"No proof of liabilities is kept at {position}")
        if position not in self._open:
            try:
                self._open[position] = TreeFile(self._folder.tree_path(position))
            except FileNotFoundError:
                raise NotMade(f"The proof at {position} was just removed") from None
            while len(self._open) > OPEN_MAX:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(position)
        return self._open[position]
