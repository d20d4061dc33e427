"""The trades of a batch by columns: trades, both sides' fills, and candles.

Promise: these rows are a function of the FILL events and of their markets alone, whatever the
orders were before, so they need no order's row. What the orders become is in orders.py.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from truebook.directory import Market
from truebook.messages import EventKind
from truebook.messages.event_columns import Starts
from truebook.store.candles import candle_rows
from truebook.store.columns import Column, stacked
from truebook.store.records import Records
from truebook.store.rows import Rows


class Markets:
    """What a fill must know of its market: arrays, to be asked by its number."""

    def __init__(self, markets: Mapping[int, Market]) -> None:
        size = max(markets, default=-1) + 1
        self.units, self.bases, self.quotes = (np.zeros(size, np.int64) for _ in range(3))
        for number, market in markets.items():
            self.units[number] = market.unit
            self.bases[number], self.quotes[number] = market.base.number, market.quote.number


class Fills(NamedTuple):
    """The FILL events of a batch; each field is a column."""

    starts: Starts
    """Where they start among the events."""
    side: Column
    market: Column
    trade: Column
    price: Column
    quantity: Column
    maker: Column
    maker_account: Column
    maker_sequence: Column
    maker_fee: Column
    maker_remaining: Column
    taker: Column
    taker_account: Column
    taker_sequence: Column
    taker_fee: Column
    quote: Column
    """Atoms of the market's quote asset: at most limits.NOTIONAL_MAX."""
    market_sequence: Column
    time_ms: Column


def read_fills(events: Records, markets: Markets) -> Fills:
    """The fills of a batch."""
    event = events.all_of(EventKind.FILL)
    market, price, quantity = event["market"], event["price"], event["quantity"]
    return Fills(
        *(event.starts, event["side"], market, event["trade_id"], price, quantity),
        *(event["maker_order_id"], event["maker_account"], event["maker_sequence"]),
        *(event["maker_fee"], event["maker_remaining"]),
        *(event["taker_order_id"], event["taker_account"], event["taker_sequence"]),
        *(event["taker_fee"], price * quantity * markets.units[market]),
        *(event["market_sequence"], events.times_ms(event.starts)),
    )


def write_fills(fills: Fills, markets: Markets, rows: Rows) -> None:
    """Add their rows, and what the last ones have brought their markets to."""
    if not len(fills.starts):
        return
    _write_trades(fills, rows)
    _write_sides(fills, markets, rows)
    rows.candles.extend(candle_rows(fills.market, fills.time_ms, fills.price, fills.quantity))
    last = zip(fills.market.tolist(), fills.trade.tolist(), fills.price.tolist(), strict=True)
    rows.last_trades |= {market: (trade, price) for market, trade, price in last}


def _write_trades(fills: Fills, rows: Rows) -> None:
    is_sold = fills.side != 0
    rows.trades = stacked(
        len(fills.starts),
        *(fills.market, fills.trade),
        *(np.where(is_sold, fills.maker, fills.taker), np.where(is_sold, fills.taker, fills.maker)),
        *(fills.price, fills.quantity, fills.side, fills.time_ms),
    )


def _write_sides(fills: Fills, markets: Markets, rows: Rows) -> None:
    """Both sides of a trade follow each other, the maker's first."""
    is_sold = fills.side != 0
    base, quote = markets.bases[fills.market], markets.quotes[fills.market]
    terms = fills.price, fills.quantity
    count = len(fills.starts)
    made = stacked(
        count,
        *(fills.maker_account, fills.maker_sequence, fills.maker, fills.market),
        *(1 - fills.side, 1, *terms, fills.maker_fee, np.where(is_sold, base, quote)),
        *(fills.trade, fills.time_ms),
    )
    taken = stacked(
        count,
        *(fills.taker_account, fills.taker_sequence, fills.taker, fills.market),
        *(fills.side, 0, *terms, fills.taker_fee, np.where(is_sold, quote, base)),
        *(fills.trade, fills.time_ms),
    )
    rows.fills = np.stack([made, taken], axis=2).reshape(len(made), 2 * count)
