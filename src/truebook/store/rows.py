"""What one batch of events adds to the tables and changes in them, whatever the database.

Promise: rows are whole and final: a writer sends them as they are and decides nothing. They stand
in the order of the columns they are for, but for the name of a market, which the writer adds; what
happens to one order in a batch is merged here, so each row of the database is touched once. Rows of
which there are thousands are columns of numbers (columns.py), the others tuples and lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from truebook.commandlog.interface import Position, Tail
from truebook.store.candles import CandleRow
from truebook.store.columns import Columns, none

# The places of an order's row that change after its acceptance.
PRICE, QUANTITY, REMAINING, EXECUTED, EXECUTED_QUOTE = 5, 6, 7, 8, 9
PRIORITY, PLACED, CLOSED, CLOSED_MS, REASON = 10, 11, 12, 13, 14
TIME_FLAGS = 16
FIRED, FIRED_MS, FAILED = 21, 22, 23

OrderRow = list[Any]
"""id, account, accepted sequence, market, client id, price, quantity, remaining, executed, executed
quote, priority (None: neither rests nor is pending), placed sequence, closed sequence, closed ms,
reason (None: not closed, or filled), market sequence, time_flags.

Of one with a trigger, accepted means placed, and there follow: trigger price, price, quantity and
time_flags as placed, fired sequence, fired ms (None: it hasn't), code (None: it hasn't failed)."""
ORDER_COLUMNS, TRIGGER_ORDER_COLUMNS = 17, 24


@dataclass(slots=True)
class Change:
    """What becomes of an order that rested, or was pending, before the batch."""

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
    has_fired: bool = False
    is_by_quote: bool = False
    """Of one that has fired: what `remaining` is."""
    placed: int | None = None
    closed: int | None = None
    closed_ms: int | None = None
    reason: int | None = None


class Settled(NamedTuple):
    """A withdrawal that was requested or settled."""

    withdrawal_id: int
    account: int
    asset: int
    amount: int
    state: int
    """messages.WithdrawalState."""
    time_ms: int
    note: int | None


@dataclass(slots=True)
class Switch:
    """The batch has a RULES_SET above version 1: which version its last one set, and the settings
    of the batch before the first one."""

    version: int
    tiers: list[tuple[int, int, int]]
    accounts: list[tuple[Any, ...]]


@dataclass(slots=True)
class Rows:
    """A batch, for a database that stands at `before`."""

    before: Position
    tail: Tail
    """Where the events end, and where the database stands with these rows."""
    time_ms: int = 0
    symbols: Mapping[int, str] = field(default_factory=dict)
    """The name of each market."""
    orders: Columns = field(default_factory=partial(none, ORDER_COLUMNS))
    """Accepted in this batch, as they are at its end: OrderRows."""
    trigger_orders: list[OrderRow] = field(default_factory=list)
    """The same of those with a trigger, which have more columns."""
    fired: list[tuple[int, ...]] = field(default_factory=list)
    """Pending before the batch: price, quantity, quantity, time_flags, placed sequence, fired
    sequence, ms, order."""
    failed: list[tuple[int, ...]] = field(default_factory=list)
    """Pending before the batch: sequence, ms, sequence, ms, code, order."""
    closes: Columns = field(default_factory=partial(none, 5))
    """Accepted earlier, and nothing happened but that it was closed: remaining, sequence, ms,
    reason, order."""
    executions: Columns = field(default_factory=partial(none, 7))
    """Accepted earlier, traded as a maker, and perhaps was closed: remaining, executed and executed
    quote to be added, closed sequence (None: it rests on), ms, reason, order."""
    changes: dict[int, Change] = field(default_factory=dict)
    """Accepted earlier, all others, by id."""
    trades: Columns = field(default_factory=partial(none, 8))
    """market, id, buy order, sell order, price, quantity, taker's side, ms."""
    fills: Columns = field(default_factory=partial(none, 12))
    """account, sequence, order, market, side, is maker, price, quantity, fee, asset, trade, ms."""
    amendments: list[tuple[Any, ...]] = field(default_factory=list)
    """account, sequence, order, market, re-enters, price, quantity, remaining, ms, price before,
    quantity before."""
    first_amendments: list[tuple[Any, ...]] = field(default_factory=list)
    """The same but for the last two, which the order's row has, before its change."""
    transfers: list[list[Any]] = field(default_factory=list)
    """account, asset, atoms (negative: withdrawn), ms, reference (None: it has none), note."""
    withdrawals: list[Settled] = field(default_factory=list)
    """In the order of the events."""
    notes: list[tuple[int, str]] = field(default_factory=list)
    """ms, text. Other rows name a note by its place here, None: none."""
    noted: list[tuple[int, int, int]] = field(default_factory=list)
    """note, kind of a settings event, its number."""
    timers: dict[tuple[int, int], int] = field(default_factory=dict)
    """account, timer: when it is over; 0: it is off."""
    balances: Columns = field(default_factory=partial(none, 4))
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
    attesters: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    switch: Switch | None = None
