"""What the database had of events that were declared void: put away whole, never thrown away.

Promise: after a resumption a file that goes beyond the epoch's beginning is renamed, once an epoch,
and the database is made anew from the log. The rows that were told before and are void stay as
they were, in a file beside it that names the epoch: any SQLite can ATTACH it and compare.

Why not a table of it: rows are updated in place, and don't say what they were before. So what they
were at the agreed position can only be made again; and once that is done, it is the old rows that
are to be kept, all of them, since who was told what is a question about them together.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from truebook.commandlog.halts import Epoch
from truebook.commandlog.interface import Position
from truebook.store.sqlite.place import FILE_ERRORS

_COMPANIONS = ("", "-wal", "-shm")
"""The file, and what SQLite keeps beside it, which belongs to it until somebody has opened it
last."""


def voided_path(path: Path, epoch: Epoch) -> Path:
    """Where what was void when an epoch began is kept."""
    return path.with_name(f"{path.name}.voided-{epoch.number}")


def set_aside(path: Path, epochs: Sequence[Epoch]) -> Path | None:
    """Put a database away that has what the latest epoch declared void; where it is now. None: it
    has nothing of it, or that was done already: then the log is another one. No other process may
    write to it meanwhile. Raises OSError."""
    if not epochs or not path.exists():
        return None
    epoch = epochs[-1]
    new = voided_path(path, epoch)
    if new.exists() or _position(path) <= epoch.position:
        return None
    for companion in _COMPANIONS:
        old = path.with_name(path.name + companion)
        if old.exists():
            old.rename(new.with_name(new.name + companion))
    return new


def _position(path: Path) -> Position:
    try:
        with closing(sqlite3.connect(path)) as database:
            (text,) = database.execute("SELECT position FROM progress").fetchone()
    except (*FILE_ERRORS, TypeError) as error:
        raise OSError(f"the database can't be read: {error}") from None
    return Position.parse(text)
