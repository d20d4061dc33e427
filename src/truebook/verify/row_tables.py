"""Trades and fills as the log's events tell them, and as a database has them: the same, or which
row isn't.

Promise: for each INTERVAL of log entries the witness keeps what the log says about it: from which
trade to which of each market, from which fill to which of each account, and a digest of all rows of
a table. What the database has is compared with that again and again; a row that was edited, taken
out or put in between is named, with both values. The digests are the witness's own: whoever edits
the database can't make them fit.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from msgspec import Struct
from numpy.typing import NDArray

from truebook.commandlog.interface import Position
from truebook.engine.canonical.tables import Tables
from truebook.limits import MARKETS_MAX
from truebook.messages import EVENT_ROW, FILL, MARKET_SET, EventKind, Side
from truebook.verify.differences import NOTHING, Difference

INTERVAL = 10_000
"""Log entries."""

Rows = NDArray[Any]


class RowTable(NamedTuple):
    """A table with a row for each of something, numbered for each owner, never changed."""

    name: str
    dtype: np.dtype[Any]
    """The columns that are compared; the owner first, then the number."""

    @property
    def keys(self) -> tuple[str, str]:
        """The columns of owner and number."""
        owner, number, *_ = self.dtype.names or ()
        return owner, number

    @property
    def values(self) -> list[str]:
        """The columns behind them."""
        return list(self.dtype.names or ())[2:]


def _table(name: str, *columns: str) -> RowTable:
    return RowTable(name, np.dtype([(column, "<i8") for column in columns]))


TRADES = _table(
    *("trades", "market", "id", "buy_order_id", "sell_order_id"),
    *("price", "qty", "taker_side", "created_at"),
)
"""But for the market's name."""

FILLS = _table(
    *("fills", "user_id", "account_sequence", "order_id", "market", "side", "is_maker"),
    *("price", "qty", "fee", "fee_asset", "trade_id", "created_at"),
)

TABLES = (TRADES, FILLS)
_ROWS_OF_A_FILL = FILL.itemsize // EVENT_ROW.itemsize
_ROWS_OF_A_MARKET = MARKET_SET.itemsize // EVENT_ROW.itemsize


class Span(Struct, array_like=True, frozen=True):
    """Rows `first` to `last` of a market or account."""

    owner: int
    first: int
    last: int


class Told(Struct, rename="camel", frozen=True):
    """What the log says about the rows of one table."""

    spans: list[Span]
    digest: str
    """Of all rows, in the order of the spans."""


class Interval(Struct, rename="camel", frozen=True):
    """What the log says about some entries."""

    after: str
    until: str
    entries: int
    """Since genesis, at `until`."""
    tables: dict[str, Told]


class Database(NamedTuple):
    """How a database is read. All may raise OSError where it can't be."""

    position: Callable[[], Position]
    """Up to where it has everything."""
    rows: Callable[[RowTable, Sequence[Span]], Iterator[Rows]]
    """Those of the spans, in their order and by number, some at a time."""
    state: Callable[[], tuple[Position, Tables]]
    """The position it stands at, and the exchange's state there."""


class RowTeller:
    """Which rows the events of a log tell; it has to hear them from the beginning."""

    def __init__(self) -> None:
        self._assets = np.zeros((MARKETS_MAX, 2), np.int64)
        """Base and quote of each market; they never change."""

    def rows_of(self, events: bytes) -> dict[str, Rows]:
        """The rows of each table in the events of some whole entries."""
        rows = np.frombuffer(events, EVENT_ROW)
        markets = _records(rows, EventKind.MARKET_SET, _ROWS_OF_A_MARKET).view(MARKET_SET)
        self._assets[markets["market"], 0] = markets["base"]
        self._assets[markets["market"], 1] = markets["quote"]
        fills = np.flatnonzero(rows["kind"] == EventKind.FILL)
        entries = np.flatnonzero(rows["kind"] == EventKind.ENTRY)
        told = _records(rows, EventKind.FILL, _ROWS_OF_A_FILL).view(FILL)
        # ENTRY's time stands in the second word behind its head.
        times = rows["w"][:, 1][entries]
        created_at = times[np.searchsorted(entries, fills, side="right") - 1]
        made, taken = self._fills(told, created_at, 1), self._fills(told, created_at, 0)
        return {
            TRADES.name: _trades(told, created_at),
            FILLS.name: np.concatenate([made, taken]),
        }

    def _fills(self, told: Rows, created_at: Rows, is_maker: int) -> Rows:
        whose = "maker" if is_maker else "taker"
        made = np.zeros(len(told), FILLS.dtype)
        made["user_id"] = told[f"{whose}_account"]
        made["account_sequence"] = told[f"{whose}_sequence"]
        made["order_id"] = told[f"{whose}_order_id"]
        made["side"] = told["side"] ^ is_maker
        made["is_maker"] = is_maker
        made["fee"] = told[f"{whose}_fee"]
        # Who buys receives the base asset, and pays his fee of it.
        made["fee_asset"] = self._assets[told["market"], (made["side"] != Side.BID).astype(int)]
        made["market"], made["trade_id"] = told["market"], told["trade_id"]
        made["price"], made["qty"] = told["price"], told["quantity"]
        made["created_at"] = created_at
        return made


def told_of(rows: Rows, table: RowTable, lasts: dict[int, int]) -> Told:
    """What there is to be remembered of the rows of an interval. `lasts`: with which number of each
    owner the intervals before it ended. Between there and an owner's next row nothing may stand,
    either."""
    owners, numbers = (rows[key] for key in table.keys)
    order = np.lexsort((numbers, owners))
    owners, numbers = owners[order], numbers[order]
    ends = np.flatnonzero(np.diff(owners, append=-1))
    spans = [
        Span(owner, lasts.get(owner, 0) + 1, last)
        for owner, last in zip(owners[ends].tolist(), numbers[ends].tolist(), strict=True)
    ]
    return Told(spans, _digest([rows[order]]))


def is_as_told(database: Database, interval: Interval) -> bool:
    """Whether the database has what the log says."""
    return all(
        _digest(database.rows(table, told.spans)) == told.digest
        for table in TABLES
        for told in [interval.tables[table.name]]
    )


def is_of(interval: Interval, rows: dict[str, Rows]) -> bool:
    """Whether these rows, which the log says, are what is remembered of it."""
    return all(
        told_of(rows[table.name], table, {}).digest == interval.tables[table.name].digest
        for table in TABLES
    )


def differing(
    database: Database, interval: Interval, rows: dict[str, Rows]
) -> Iterator[Difference]:
    """Each row that isn't as in `rows`, which are all of the interval."""
    for table in TABLES:
        theirs = _by_keys(table, [rows[table.name]])
        ours = _by_keys(table, database.rows(table, interval.tables[table.name].spans))
        for key in sorted(ours.keys() | theirs.keys()):
            found, right = ours.get(key), theirs.get(key)
            if found != right:
                names = zip(table.keys, key[:2], strict=True)
                place = ", ".join(f"{name} {number}" for name, number in names)
                fields = [
                    name
                    for name in table.values
                    if found is None or right is None or found[name] != right[name]
                ]
                place = f"row of table {table.name}, {place}"
                yield Difference(place, _words(found, fields), _words(right, fields))


def _records(rows: Rows, kind: EventKind, length: int) -> Rows:
    """The whole records of a kind, each row `length` rows wide."""
    begins = np.flatnonzero(rows["kind"] == kind)
    return np.ascontiguousarray(rows[begins[:, None] + np.arange(length)]).reshape(-1)


def _trades(told: Rows, created_at: Rows) -> Rows:
    made = np.zeros(len(told), TRADES.dtype)
    is_bid = told["side"] == Side.BID
    made["market"], made["id"] = told["market"], told["trade_id"]
    made["buy_order_id"] = np.where(is_bid, told["taker_order_id"], told["maker_order_id"])
    made["sell_order_id"] = np.where(is_bid, told["maker_order_id"], told["taker_order_id"])
    made["price"], made["qty"], made["taker_side"] = told["price"], told["quantity"], told["side"]
    made["created_at"] = created_at
    return made


def _digest(parts: Iterable[Rows]) -> str:
    hasher = blake3()
    for rows in parts:
        hasher.update(np.ascontiguousarray(rows).tobytes())
    return hasher.hexdigest()


def _by_keys(table: RowTable, parts: Iterable[Rows]) -> dict[tuple[int, int, int], Any]:
    """Each row by owner and number, and how many stand before it that have the same: there are some
    where a database keeps numbers apart by the day alone (TimescaleDB)."""
    owner, number = table.keys
    found: dict[tuple[int, int, int], Any] = {}
    again: Counter[tuple[int, int]] = Counter()
    for row in chain.from_iterable(parts):
        key = int(row[owner]), int(row[number])
        found[*key, again[key]] = row
        again[key] += 1
    return found


def _words(row: Any, fields: list[str]) -> str:
    return NOTHING if row is None else ", ".join(f"{name} {int(row[name])}" for name in fields)
