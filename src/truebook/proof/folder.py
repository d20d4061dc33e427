"""Where proofs are kept: a folder in the data folder.

    proofs/roots/1795246042096-0.txt    what was signed, for everybody; kept for good
    proofs/trees/1795246042096-0.tree   everybody's branches; the latest few

Promise: a file under its name is whole: it is written under a temporary name, fsync'd and renamed,
the root before its tree. A tree that is gone can be made again, bit for bit, by whoever has the log
and the keys.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from truebook.commandlog.interface import Position

_ROOT, _TREE, _TEMPORARY = ".txt", ".tree", ".new"
Pieces = Sequence[bytes | memoryview]


class ProofFolder:
    """The proofs of one installation; the folder is made when it is first written to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._roots = path / "roots"
        self._trees = path / "trees"

    def root_path(self, position: Position) -> Path:
        """Where the root at a position is, if there is one."""
        return self._roots / f"{position}{_ROOT}"

    def tree_path(self, position: Position) -> Path:
        """Where the tree at a position is, if there is one."""
        return self._trees / f"{position}{_TREE}"

    def trees(self) -> list[Position]:
        """The positions of the trees that are kept, the latest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._trees):
                if name.endswith(_TREE):
                    with contextlib.suppress(ValueError):
                        found.append(Position.parse(name.removesuffix(_TREE)))
        return sorted(found, reverse=True)

    def root_at(self, position: Position) -> str | None:
        """The signed root at a position."""
        try:
            return self.root_path(position).read_text()
        except FileNotFoundError:
            return None

    def write(self, position: Position, text: str, tree: Pieces, keep: int) -> None:
        """Keep a proof, and of the trees the latest `keep` and this one. Raises OSError."""
        for folder in (self._roots, self._trees):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._trees.glob(f"*{_TEMPORARY}"):
            left.unlink(missing_ok=True)
        _write(self.root_path(position), [text.encode()])
        _write(self.tree_path(position), tree)
        for older in self.trees()[keep:]:
            if older != position:
                self.tree_path(older).unlink(missing_ok=True)


def _write(path: Path, pieces: Pieces) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}{_TEMPORARY}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
