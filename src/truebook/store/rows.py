"""What one batch of events adds to the tables and changes in them, whatever the database.

Promise: rows are whole and final: a writer sends them as they are and decides nothing. Tuples and
lists stand in the order of the columns they are for; what happens to one order in a batch is merged
here, so each row of the database is touched once.
"""

from dataclasses import dataclass, field
from typing import Any

from truebook.commandlog.interface import Position, Tail
from truebook.store.candles import CandleRow

# The places of an order's row that change after its acceptance.
PRICE, QUANTITY, REMAINING, EXECUTED, EXECUTED_QUOTE = 6, 7, 8, 9, 10
PRIORITY, PLACED, CLOSED, CLOSED_MS, REASON = 11, 12, 13, 14, 15
TIME_FLAGS = 17

OrderRow = list[Any]
"""id, account, accepted sequence, market, symbol, client id, price, quantity, remaining, executed,
executed quote, priority (None: doesn't rest), placed sequence, closed sequence, closed ms, reason
(None: not closed, or filled), market sequence, time_flags."""


@dataclass(slots=True)
class Change:
    """What becomes of an order that rested before the batch."""

    order_id: int
    remaining: int = 0
    executed: int = 0
    """To be added, as is `executed_quote`."""
    executed_quote: int = 0
    price: int | None = None
    """None: stays, as `quantity` and `placed`."""
    quantity: int | None = None
    priority: int | None = -1
    """None: doesn't rest any more; −1: stays."""
    placed: int | None = None
    closed: int | None = None
    closed_ms: int | None = None
    reason: int | None = None


@dataclass(slots=True)
class Rows:
    """A batch, for a database that stands at `before`."""

    before: Position
    tail: Tail
    """Where the events end, and where the database stands with these rows."""
    time_ms: int = 0
    orders: list[OrderRow] = field(default_factory=list)
    """Accepted in this batch, as they are at its end."""
    changes: dict[int, Change] = field(default_factory=dict)
    """Accepted earlier, by id."""
    trades: list[tuple[Any, ...]] = field(default_factory=list)
    """market, id, symbol, buy order, sell order, price, quantity, taker's side, ms."""
    fills: list[tuple[Any, ...]] = field(default_factory=list)
    """account, sequence, order, market, side, is maker, price, quantity, fee, asset, trade, ms."""
    amendments: list[tuple[Any, ...]] = field(default_factory=list)
    """account, sequence, order, market, re-enters, price, quantity, remaining, ms, price before,
    quantity before."""
    first_amendments: list[tuple[Any, ...]] = field(default_factory=list)
    """The same but for the last two, which the order's row has, before its change."""
    transfers: list[tuple[int, int, int, int]] = field(default_factory=list)
    """account, asset, atoms (negative: withdrawn), ms."""
    balances: list[tuple[int, int, int, int]] = field(default_factory=list)
    """account, asset, available, locked."""
    candles: list[CandleRow] = field(default_factory=list)
    market_sequences: dict[int, int] = field(default_factory=dict)
    last_trades: dict[int, tuple[int, int]] = field(default_factory=dict)
    """market: trade id, price."""
    account_sequences: dict[int, int] = field(default_factory=dict)
    gateways: dict[int, int] = field(default_factory=dict)
    assets: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    markets: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    tiers: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    accounts: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    keys: dict[bytes, tuple[Any, ...]] = field(default_factory=dict)
