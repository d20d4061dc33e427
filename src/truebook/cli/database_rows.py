"""The database as the witness reads it."""

import numpy as np

from truebook.config import Config
from truebook.installation import database_url
from truebook.store.reading import trade_rows_of
from truebook.verify.trades import TRADE, Database, Trades


def database_of(config: Config) -> Database:
    """Where the trades are read. Raises ConfigError."""
    rows = trade_rows_of(database_url(config))

    def trades(market: int, first: int, last: int) -> Trades:
        return np.array(rows.trades(market, first, last), TRADE).reshape(-1)

    return Database(rows.position, trades)
