"""Reading the rows of the table `trades`, to compare them with what the log says.

Promise: nothing is written, and whatever is wrong with the server is an OSError.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from truebook.commandlog.interface import GENESIS, Position
from truebook.postgres.connecting import AWAY, check_url, connect, reason_of
from truebook.store.postgres.schema import SCHEMA

SETTINGS = {"statement_timeout": "60s", "default_transaction_read_only": "on"}
_TRADES = b"""
SELECT market, id, buy_order_id, sell_order_id, price, qty, taker_side, created_at
FROM trades WHERE market = %s AND id BETWEEN %s AND %s ORDER BY id
"""


class TradeRows:
    """Of one database."""

    def __init__(self, url: str) -> None:
        """Raises ConfigError."""
        check_url(url)
        self._url = url

    def position(self) -> Position:
        """Up to where the database has everything; GENESIS if there is none yet."""
        if self._ask(b"SELECT to_regclass('truebook.progress')", ()) == [(None,)]:
            return GENESIS
        found = self._ask(b"SELECT position FROM progress", ())
        return Position.parse(found[0][0]) if found else GENESIS

    def trades(self, market: int, first: int, last: int) -> Sequence[tuple[Any, ...]]:
        """Trades of a market from one number to another, by number."""
        return self._ask(_TRADES, (market, first, last))

    def _ask(self, query: bytes, values: Sequence[int]) -> list[tuple[Any, ...]]:
        try:
            with closing(connect(self._url, "witness", SETTINGS, SCHEMA)) as raw:
                return raw.execute(query, values).fetchall()
        except AWAY as error:
            raise OSError(f"the database can't be read: {reason_of(error)}") from None
