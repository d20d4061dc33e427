"""Putting a file with void rows away (store/voiding.py): it is renamed.

Any SQLite can ATTACH the file that is kept, and compare.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from truebook.commandlog.halts import Epoch, voided_by
from truebook.commandlog.interface import Position
from truebook.store.interface import StoreUnavailable
from truebook.store.sqlite.place import FILE_ERRORS

_COMPANIONS = ("", "-wal", "-shm")
"""The file, and what SQLite keeps beside it, which belongs to it until somebody has opened it
last."""


def voided_path(path: Path, epoch: Epoch) -> Path:
    """Where what was void when an epoch began is kept."""
    return path.with_name(f"{path.name}.voided-{epoch.number}")


def set_aside(path: Path, epochs: Sequence[Epoch]) -> Path | None:
    """As in store/voiding.py. No other process may write to it meanwhile."""
    if not epochs or not path.exists():
        return None
    try:
        epoch = voided_by(_position(path), epochs)
        if epoch is None or (new := voided_path(path, epoch)).exists():
            return None
        for companion in _COMPANIONS:
            old = path.with_name(path.name + companion)
            if old.exists():
                old.rename(new.with_name(new.name + companion))
    except (*FILE_ERRORS, TypeError) as error:
        raise StoreUnavailable(f"{path} can't be put away: {error}") from None
    return new


def _position(path: Path) -> Position:
    with closing(sqlite3.connect(path)) as database:
        (text,) = database.execute("SELECT position FROM progress").fetchone()
    return Position.parse(text)
