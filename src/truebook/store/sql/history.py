"""history.History in SQL, whichever database answers."""

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from truebook.commandlog.interface import GENESIS, Position
from truebook.feed.words import status_of
from truebook.history import (
    READ_WAIT_MS_MAX,
    Candle,
    KeptInterval,
    Page,
    PastDeposit,
    PastFill,
    PastOrder,
    PastTrigger,
    PastWithdrawal,
    TooManyUpdates,
    Trade,
)
from truebook.limits import HISTORY_UPDATES_MAX
from truebook.messages import (
    ORDER_HAS_CLIENT_ID,
    ORDER_PERCENT,
    ORDER_SLIPPAGE_BASIS_POINTS,
    ORDER_SLIPPAGE_TICKS,
    CloseReason,
    OrderStatus,
    WithdrawalState,
)
from truebook.store.candles import SECONDS
from truebook.store.missed import updates_of
from truebook.store.sql.connection import Asked, Connection
from truebook.store.sql.missing import read_missed
from truebook.store.sql.money import about, read_deposits, read_withdrawals

POLL_S = 0.01
_SLIPPAGE = ORDER_SLIPPAGE_TICKS | ORDER_SLIPPAGE_BASIS_POINTS

_ORDER = (
    "id, user_id, market, client_id, price, original_qty, remaining_qty, executed_qty,"
    " executed_quote, close_reason, time_flags, trigger_price, trigger_limit, trigger_qty,"
    " trigger_flags, fired_at, fail_code"
)
_FILL = """
SELECT f.user_id, f.account_sequence, f.order_id, f.market, f.side, f.price, f.qty,
  f.price * f.qty * m.unit, f.fee, f.fee_asset, f.is_maker, f.trade_id, f.created_at,
  (SELECT CASE WHEN o.time_flags & {flag} <> 0 THEN o.client_id END FROM orders o
   WHERE o.id = f.order_id AND o.user_id = f.user_id
     AND o.accepted_sequence <= f.account_sequence
   ORDER BY o.accepted_sequence DESC LIMIT 1)
FROM fills f JOIN markets m USING (market) WHERE {where}
ORDER BY f.account_sequence {direction} LIMIT ? OFFSET ?
"""
_OF_ORDER = """
f.account_sequence >= (SELECT min(accepted_sequence) FROM orders WHERE id = ? AND user_id = ?)
AND f.account_sequence <= (SELECT max(coalesce(closed_sequence, 9223372036854775807)) FROM orders
  WHERE id = ? AND user_id = ?)
AND f.order_id = ?
"""
_TRADE = """
SELECT t.id, t.price, t.qty, t.price * t.qty * m.unit, t.created_at, t.buy_order_id,
  t.sell_order_id, t.taker_side
FROM trades t JOIN markets m USING (market) WHERE t.market = ? ORDER BY t.id {direction}
LIMIT ? OFFSET ?
"""
_CANDLE = """
SELECT start, open, high, low, close, volume, turnover, trades
FROM candles WHERE market = ? AND seconds = ?
"""
_MERGED = """
SELECT g.first,
  (SELECT open FROM candles WHERE market = ? AND seconds = ? AND start = g.first), g.high, g.low,
  (SELECT close FROM candles WHERE market = ? AND seconds = ? AND start = g.last),
  g.volume_high, g.volume_low, g.turnover_high, g.turnover_low, g.trades
FROM (
  SELECT min(c.start) AS first, max(c.start) AS last, max(c.high) AS high, min(c.low) AS low,
    CAST(sum(c.volume >> 32) AS BIGINT) AS volume_high,
    CAST(sum(c.volume & 4294967295) AS BIGINT) AS volume_low,
    CAST(sum(c.turnover >> 32) AS BIGINT) AS turnover_high,
    CAST(sum(c.turnover & 4294967295) AS BIGINT) AS turnover_low,
    CAST(sum(c.trades) AS BIGINT) AS trades
  FROM candles c WHERE c.market = ? AND c.seconds = ? AND c.start >= ? AND c.start < ?
  GROUP BY (c.start - ?) / ?
) g ORDER BY g.first
"""
"""Sums in two halves: a whole one may be more than a database's integers hold. Opens and closes are
looked up one by one: a join is planned wrongly while the server hasn't counted its rows."""

_made: Callable[[tuple[int, ...]], Candle] = partial(tuple.__new__, Candle)
"""Candle._make without its count of the fields: a fifth of what a month of minutes takes here."""


class SqlHistory:
    """One database, for readers."""

    def __init__(self, reader: Asked, of_client_id: str) -> None:
        """`of_client_id` is a condition on withdrawals: their note is a JSON object that has the
        value as its `clientId`."""
        self._reader = reader
        self._of_client_id = of_client_id
        self._known = GENESIS

    def close(self) -> None:
        """Give the connections back."""
        self._reader.close()

    async def position(self) -> Position:
        """The log position up to which everything is in it."""
        self._known = await self._reader.ask(_position)
        return self._known

    async def orders(
        self,
        account: int,
        page: Page,
        *,
        order_id: int | None = None,
        market: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastOrder], int]:
        """An account's orders of all times by placement, and how many there are in all pages."""
        where, values = _conditions(
            ("user_id = ?", account),
            ("market = ?", market),
            ("id = ?", order_id),
            ("created_at >= ?", from_ms),
            ("created_at <= ?", to_ms),
        )
        query = (
            f"SELECT {_ORDER} FROM orders WHERE {where}"
            f" ORDER BY accepted_sequence {_direction(page)} LIMIT ? OFFSET ?"
        )
        count = f"SELECT count(*) FROM orders WHERE {where}"
        await self._wait_for(after)
        rows, total = await self._page(query, count, values, page)
        return [_order(row) for row in rows], total

    async def fills(
        self,
        account: int,
        page: Page,
        *,
        order_id: int | None = None,
        market: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastFill], int]:
        """An account's fills by time, and how many there are in all pages."""
        where, values = _conditions(
            ("f.user_id = ?", account),
            ("f.market = ?", market),
            ("f.created_at >= ?", from_ms),
            ("f.created_at <= ?", to_ms),
        )
        if order_id is not None:
            where = f"{where} AND {_OF_ORDER}"
            values += [order_id, account, order_id, account, order_id]
        query = _FILL.format(flag=ORDER_HAS_CLIENT_ID, where=where, direction=_direction(page))
        count = f"SELECT count(*) FROM fills f WHERE {where}"
        await self._wait_for(after)
        rows, total = await self._page(query, count, values, page)
        return [_fill(row) for row in rows], total

    async def deposits(
        self,
        account: int,
        page: Page,
        *,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastDeposit], int]:
        """An account's deposits by time, and how many there are in all pages."""
        conditions = about(account, from_ms, to_ms)
        await self._wait_for(after)
        return await self._reader.ask(lambda found: read_deposits(found, conditions, page))

    async def withdrawals(
        self,
        account: int,
        page: Page,
        *,
        withdrawal_id: int | None = None,
        client_id: str | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        after: Position,
    ) -> tuple[list[PastWithdrawal], int]:
        """An account's withdrawals by request, and how many there are in all pages."""
        named = ("id = ?", withdrawal_id), (self._of_client_id, client_id)
        conditions = about(account, from_ms, to_ms, *named)
        await self._wait_for(after)
        return await self._reader.ask(lambda found: read_withdrawals(found, conditions, page))

    async def withdrawals_pending(
        self, page: Page, *, after: Position
    ) -> tuple[list[PastWithdrawal], int]:
        """Withdrawals of all accounts that nobody has settled, by request, and how many."""
        await self._wait_for(after)
        pending = [("state = ?", int(WithdrawalState.PENDING))]
        return await self._reader.ask(lambda found: read_withdrawals(found, pending, page))

    async def trades(self, market: int, page: Page, *, after: Position) -> list[Trade]:
        """Trades of a market by their ids."""
        query = _TRADE.format(direction=_direction(page))
        await self._wait_for(after)
        rows = await self._rows(query, (market, page.limit, page.offset))
        return [Trade._make(row) for row in rows]

    async def candles(
        self, market: int, interval: KeptInterval, from_s: int, to_s: int, every_s: int = 0
    ) -> list[Candle]:
        """Kept candles with from_s ≤ start_s < to_s, oldest first. Where `every_s` is longer than
        they are, those of each so many seconds, counted from `from_s`, are merged into one."""
        of = market, SECONDS[interval]
        if every_s <= SECONDS[interval]:
            query = f"{_CANDLE} AND start >= ? AND start < ? ORDER BY start"
            return await self._candles(query, (*of, from_s, to_s))

        def read(connection: Connection) -> list[Candle]:
            values = (*of, *of, *of, from_s, to_s, from_s, every_s)
            rows = connection.execute(_MERGED, values)
            return [_merged_candle(row, from_s, every_s) for row in rows]

        return await self._reader.ask(read)

    async def last_candle(
        self, market: int, interval: KeptInterval, before_s: int
    ) -> Candle | None:
        """The newest kept candle with start_s < before_s: its close opens empty intervals."""
        query = f"{_CANDLE} AND start < ? ORDER BY start DESC LIMIT 1"
        found = await self._candles(query, (market, SECONDS[interval], before_s))
        return found[0] if found else None

    async def first_candle(self, market: int, interval: KeptInterval) -> Candle | None:
        """The oldest kept candle of a market."""
        query = f"{_CANDLE} ORDER BY start LIMIT 1"
        found = await self._candles(query, (market, SECONDS[interval]))
        return found[0] if found else None

    async def last_trade_id(self, market: int) -> int:
        """0 where nothing was traded."""
        query = "SELECT last_trade_id FROM markets WHERE market = ?"
        rows = await self._rows(query, (market,))
        return int(rows[0][0]) if rows else 0

    async def updates(
        self, account: int, after_sequence: int, to_sequence: int, after: Position
    ) -> list[bytes]:
        """The account's order updates with after_sequence < seq ≤ to_sequence, without a gap.
        Raises HistoryUnavailable, TooManyUpdates."""
        if to_sequence - after_sequence > HISTORY_UPDATES_MAX:
            raise TooManyUpdates(f"more than {HISTORY_UPDATES_MAX} updates at once")
        await self._wait_for(after)
        missed = await self._reader.ask(
            lambda connection: read_missed(connection, account, after_sequence, to_sequence)
        )
        return updates_of(missed, after_sequence, to_sequence)

    async def _wait_for(self, after: Position) -> None:
        """Wait a moment until the database has come to a position."""
        deadline_s = time.monotonic() + READ_WAIT_MS_MAX / 1000
        while self._known < after:
            if await self.position() >= after or time.monotonic() > deadline_s:
                return
            await asyncio.sleep(POLL_S)

    async def _rows(self, query: str, values: tuple[int, ...]) -> list[Any]:
        return await self._reader.ask(
            lambda connection: connection.execute(query, values).fetchall()
        )

    async def _candles(self, query: str, values: tuple[int, ...]) -> list[Candle]:
        def read(connection: Connection) -> list[Candle]:
            return list(map(_made, self._each(connection, query, values)))

        return await self._reader.ask(read)

    def _each(
        self, connection: Connection, query: str, values: tuple[int, ...]
    ) -> Iterable[tuple[int, ...]]:
        """The rows of a question that may have very many, one by one."""
        return connection.execute(query, values)

    async def _page(
        self, query: str, count: str, values: list[int], page: Page
    ) -> tuple[list[Any], int]:
        """The rows of a page, and how many there are in all, at one moment."""

        def read(connection: Connection) -> tuple[list[Any], int]:
            rows = connection.execute(query, (*values, page.limit, page.offset)).fetchall()
            return rows, connection.execute(count, values).fetchone()[0]

        return await self._reader.ask(read)


def _position(connection: Connection) -> Position:
    row = connection.execute("SELECT position FROM progress").fetchone()
    return Position.parse(row[0]) if row else GENESIS


def _direction(page: Page) -> str:
    return "ASC" if page.oldest_first else "DESC"


def _conditions(*conditions: tuple[str, int | None]) -> tuple[str, list[int]]:
    """A WHERE clause of the conditions that have a value, and the values."""
    given = [(text, value) for text, value in conditions if value is not None]
    return " AND ".join(text for text, _ in given), [value for _, value in given]


def _order(row: Any) -> PastOrder:
    *numbers, reason, time_flags, trigger_price, limit, quantity, flags, fired_ms, failed = row
    trigger = slippage = None
    if trigger_price is not None:
        is_percent = flags & ORDER_PERCENT != 0
        trigger = PastTrigger(trigger_price, quantity, is_percent, fired_ms, failed)
        slippage = limit if flags & _SLIPPAGE else None
    status = _status(numbers[6], numbers[7], reason, trigger)
    return PastOrder._make((*numbers, int(status), reason, time_flags, trigger, slippage))


def _status(
    remaining: int, executed: int, reason: int | None, trigger: PastTrigger | None
) -> OrderStatus:
    if trigger is not None and trigger.failed is not None:
        return OrderStatus.TRIGGER_FAILED
    if reason is not None:
        return status_of(CloseReason(reason))
    if trigger is not None and trigger.fired_ms is None:
        return OrderStatus.TRIGGER_PENDING
    if remaining == 0:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if executed else OrderStatus.NEW


def _fill(row: Any) -> PastFill:
    account, sequence, order_id, market, side, price, quantity, quote, fee, asset, *rest = row
    is_maker, trade_id, time_ms, client_id = rest
    return PastFill(
        account=account,
        account_sequence=sequence,
        order_id=order_id,
        client_id=client_id,
        market=market,
        side=side,
        price=price,
        quantity=quantity,
        quote_quantity=quote,
        fee=fee,
        fee_asset=asset,
        is_maker=bool(is_maker),
        trade_id=trade_id,
        time_ms=time_ms,
    )


def _merged_candle(row: Any, from_s: int, every_s: int) -> Candle:
    first, *prices, volume_high, volume_low, turnover_high, turnover_low, trades = row
    volume, turnover = (volume_high << 32) + volume_low, (turnover_high << 32) + turnover_low
    start_s = first - (first - from_s) % every_s
    return Candle._make((start_s, *prices, volume, turnover, trades))
