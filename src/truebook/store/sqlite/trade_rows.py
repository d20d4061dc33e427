"""Reading the rows of the table `trades`, to compare them with what the log says.

Promise: nothing is written, and whatever is wrong with the file is an OSError.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from truebook.commandlog.interface import GENESIS, Position
from truebook.store.sqlite.place import FILE_ERRORS

T = TypeVar("T")
_TRADES = """
SELECT market, id, buy_order_id, sell_order_id, price, qty, taker_side, created_at
FROM trades WHERE market = ? AND id BETWEEN ? AND ? ORDER BY id
"""


class TradeRows:
    """Of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def position(self) -> Position:
        """Up to where the database has everything; GENESIS if there is none yet."""
        if not self._path.exists():
            return GENESIS
        found = self._ask(lambda c: c.execute("SELECT position FROM progress").fetchone())
        return GENESIS if found is None else Position.parse(found[0])

    def trades(self, market: int, first: int, last: int) -> Sequence[tuple[Any, ...]]:
        """Trades of a market from one number to another, by number."""
        return self._ask(lambda c: c.execute(_TRADES, (market, first, last)).fetchall())

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)
            ) as c:
                return question(c)
        except FILE_ERRORS as error:
            raise OSError(f"the database can't be read: {error}") from None
