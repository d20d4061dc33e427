"""Trades as the log's events tell them, and as a database has them: the same, or which row isn't.

Promise: for each INTERVAL of log entries the witness keeps what the log says about it: from which
trade to which of each market, and a digest of their rows. What the database has is compared with
that again and again; a row that was edited, taken out or put in is named, with both values. The
digests are the witness's own: whoever edits the database can't make them fit.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from msgspec import Struct
from numpy.typing import NDArray

from truebook.commandlog.interface import GENESIS, Position
from truebook.engine.canonical.tables import Tables
from truebook.messages import EVENT_ROW, FILL, EventKind, Side
from truebook.verify.differences import NOTHING, Difference

INTERVAL = 10_000
"""Log entries."""

TRADE = np.dtype(
    [
        ("market", "<i8"),
        ("id", "<i8"),
        ("buy_order_id", "<i8"),
        ("sell_order_id", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("taker_side", "<i8"),
        ("created_at", "<i8"),
    ]
)
"""A row of the table `trades`, but for the market's name."""

Trades = NDArray[Any]
_ROWS_OF_A_FILL = FILL.itemsize // EVENT_ROW.itemsize


class Span(Struct, array_like=True, frozen=True):
    """Trades `first` to `last` of a market; none: first is above last."""

    market: int
    first: int
    last: int
    digest: str


class Interval(Struct, rename="camel", frozen=True):
    """What the log says about some entries."""

    after: str
    until: str
    entries: int
    """Since genesis, at `until`."""
    spans: list[Span]


class Database(NamedTuple):
    """How a database is read. All may raise OSError where it can't be."""

    position: Callable[[], Position]
    """Up to where it has everything."""
    trades: Callable[[int, int, int], Trades]
    """The trades of a market from one number to another, by number."""
    state: Callable[[], tuple[Position, Tables]]
    """The position it stands at, and the exchange's state there."""


def trades_of(events: bytes) -> Trades:
    """The trades in the events of some entries, in order."""
    rows = np.frombuffer(events, EVENT_ROW)
    fills = np.flatnonzero(rows["kind"] == EventKind.FILL)
    entries = np.flatnonzero(rows["kind"] == EventKind.ENTRY)
    chosen = np.ascontiguousarray(rows[fills[:, None] + np.arange(_ROWS_OF_A_FILL)])
    told = chosen.view(FILL).reshape(-1)
    made = np.zeros(len(fills), TRADE)
    is_bid = told["side"] == Side.BID
    made["market"], made["id"] = told["market"], told["trade_id"]
    made["buy_order_id"] = np.where(is_bid, told["taker_order_id"], told["maker_order_id"])
    made["sell_order_id"] = np.where(is_bid, told["maker_order_id"], told["taker_order_id"])
    made["price"], made["qty"], made["taker_side"] = told["price"], told["quantity"], told["side"]
    # ENTRY's time stands in the second word behind its head.
    times = rows["w"][:, 1][entries]
    made["created_at"] = times[np.searchsorted(entries, fills, side="right") - 1]
    return made


def spans_of(trades: Trades) -> list[Span]:
    """The trades of each market, in one digest."""
    spans = []
    for market in np.unique(trades["market"]).tolist():
        own = trades[trades["market"] == market]
        spans.append(Span(market, int(own["id"][0]), int(own["id"][-1]), _digest(own)))
    return spans


def is_as_told(database: Database, interval: Interval) -> bool:
    """Whether the database has what the log says."""
    return all(
        _digest(database.trades(span.market, span.first, span.last)) == span.digest
        for span in interval.spans
    )


def differing(database: Database, trades: Trades) -> Iterator[Difference]:
    """Each row that isn't as in `trades`, which are all of an interval."""
    for span in spans_of(trades):
        right = {int(row["id"]): row for row in trades[trades["market"] == span.market]}
        found = {int(r["id"]): r for r in database.trades(span.market, span.first, span.last)}
        for number in sorted(right.keys() | found.keys()):
            ours, theirs = found.get(number), right.get(number)
            if ours is None or theirs is None or ours != theirs:
                place = f"row of table trades, market {span.market}, id {number}"
                fields = [
                    name
                    for name in (TRADE.names or ())[2:]
                    if ours is None or theirs is None or ours[name] != theirs[name]
                ]
                yield Difference(place, _words(ours, fields), _words(theirs, fields))


def before(intervals: list[Interval]) -> Position:
    """Where the next interval begins."""
    return Position.parse(intervals[-1].until) if intervals else GENESIS


def _digest(trades: Trades) -> str:
    return blake3(np.ascontiguousarray(trades).tobytes()).hexdigest()


def _words(row: Any, fields: list[str]) -> str:
    return NOTHING if row is None else ", ".join(f"{name} {int(row[name])}" for name in fields)
