"""The database as the witness reads it."""

import numpy as np

from truebook.commandlog.interface import Position
from truebook.config import Config
from truebook.engine.canonical.tables import Tables
from truebook.installation import database_url
from truebook.store.interface import StateUnreadable
from truebook.store.reading import state_of, trade_rows_of
from truebook.verify.trades import TRADE, Database, Trades


def database_of(config: Config) -> Database:
    """Where trades and state are read. Raises ConfigError."""
    url = database_url(config)
    rows = trade_rows_of(url)

    def trades(market: int, first: int, last: int) -> Trades:
        return np.array(rows.trades(market, first, last), TRADE).reshape(-1)

    def state() -> tuple[Position, Tables]:
        try:
            return state_of(url)
        except StateUnreadable as error:
            raise OSError(str(error)) from None

    return Database(rows.position, trades, state)
