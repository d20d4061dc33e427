"""Events → rows: what a batch of the event stream means for the tables.

Promise: the rows are a function of the events and of nothing else; cutting the stream into other
batches gives the same database. Entries whose position is known are passed over, and what doesn't
continue the known history, by its positions or by its hash, is refused: so each event counts once,
and only events that these engines made from this log.

An order that was accepted in the batch is in `_accepted` and changed in place; of others only the
change is known, and that is enough: events carry new values, or (executed quantities) what is to be
added. A command's events never leave their entry, so a batch is never cut inside a command.
"""

from collections.abc import Callable, Sequence
from typing import Any

from truebook.commandlog.chain import extend
from truebook.commandlog.interface import EventEntry, StreamForeign, Tail
from truebook.directory import Directory, Market
from truebook.feed.events import (
    Accepted,
    Amended,
    Balance,
    Closed,
    Entry,
    Fill,
    Rejected,
    Rested,
    Ticked,
    Transferred,
    read_events,
)
from truebook.messages import (
    ACCEPTED_RESTS,
    AMENDED_REENTERS,
    ORDER_TYPE_SHIFT,
    CommandKind,
    EntryStatus,
    OrderType,
)
from truebook.store.candles import Candles
from truebook.store.rows import (
    CLOSED,
    CLOSED_MS,
    EXECUTED,
    EXECUTED_QUOTE,
    PLACED,
    PRICE,
    PRIORITY,
    QUANTITY,
    REASON,
    REMAINING,
    TIME_FLAGS,
    Change,
    OrderRow,
    Rows,
)
from truebook.store.settings import fold_settings

_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_APPLIED = int(EntryStatus.APPLIED)
_DEPOSIT = int(CommandKind.DEPOSIT)


class StreamTrimmed(Exception):
    """The stream no longer has what follows the known position."""


def fold(entries: Sequence[EventEntry], known: Tail, directory: Directory) -> Rows:
    """The rows of the entries behind `known`; the directory is brought up to them as well.

    Raises StreamTrimmed where entries are missing before the first one, StreamForeign where they
    are not of this history.
    """
    batch = _Batch(known, directory)
    for entry in entries:
        if entry.position > batch.rows.tail.position:
            batch.add(entry)
    batch.rows.candles.extend(batch.candles.rows())
    return batch.rows


class _Batch:
    def __init__(self, known: Tail, directory: Directory) -> None:
        self.rows = Rows(known)
        self.candles = Candles()
        self._known = known.position
        self._directory = directory
        self._accepted: dict[int, OrderRow] = {}
        self._market = 0
        """Of the order that was last accepted or amended: a RESTED is about it."""

    def add(self, entry: EventEntry) -> None:
        """Fold one entry."""
        before = self.rows.tail
        if entry.previous != before.position:
            if before.position == self._known and entry.previous > before.position:
                raise StreamTrimmed(f"the event stream begins behind {entry.previous}")
            raise StreamForeign(f"{entry.position} follows {entry.previous}, not {before.position}")
        event_hash = extend(before.event_hash, entry.position, entry.events)
        if event_hash != entry.event_hash:
            raise StreamForeign(f"the events up to {entry.position} have another hash than stored")
        fold_settings(entry.events, self._directory, self.rows)
        readers = _READERS
        for event in read_events(entry.events):
            readers[type(event)](self, event)
        self.rows.tail = Tail(entry.position, event_hash)

    def _entry(self, event: Entry) -> None:
        self.rows.time_ms = event.time_ms
        self.rows.events += 1
        if event.status == _APPLIED:
            self.rows.gateways[event.gateway] = event.sequence

    def _accept(self, event: Accepted) -> None:
        rows = self.rows
        market, sequence = event.market, event.account_sequence
        order = [
            *(event.order_id, event.account, sequence, market),
            *(self._directory.markets[market].symbol, event.client_id),
            *(event.price, event.quantity, event.quantity, 0, 0),
            event.market_sequence if event.flags & ACCEPTED_RESTS else None,
            *(sequence, None, None, None, event.market_sequence, event.time_flags),
        ]
        rows.orders.append(order)
        self._accepted[event.order_id] = order
        self._market = market
        rows.market_sequences[market] = event.market_sequence
        rows.account_sequences[event.account] = sequence
        rows.events += 1

    def _fill(self, event: Fill) -> None:
        rows, time_ms = self.rows, self.rows.time_ms
        number, price, quantity, trade = event.market, event.price, event.quantity, event.trade_id
        market = self._directory.markets[number]
        quote = price * quantity * market.unit
        self._execute_maker(event, quantity, quote, time_ms)
        self._execute_taker(event, quantity, quote, time_ms)
        self._record(event, market)
        self.candles.add(number, time_ms, price, quantity)
        rows.market_sequences[number] = event.market_sequence
        rows.last_trades[number] = trade, price
        rows.account_sequences[event.maker_account] = event.maker_sequence
        rows.account_sequences[event.taker_account] = event.taker_sequence
        rows.events += 1

    def _record(self, event: Fill, market: Market) -> None:
        """The trade, and what it was for each side."""
        time_ms, side, number, trade = self.rows.time_ms, event.side, event.market, event.trade_id
        maker, taker = event.maker_order_id, event.taker_order_id
        buyer, seller = (taker, maker) if side == 0 else (maker, taker)
        terms = event.price, event.quantity
        self.rows.trades.append(
            (number, trade, market.symbol, buyer, seller, *terms, side, time_ms)
        )
        base, quote = market.base.number, market.quote.number
        received, given = (base, quote) if side == 0 else (quote, base)
        owner = event.maker_account, event.maker_sequence, maker, number, 1 - side, 1
        self.rows.fills.append((*owner, *terms, event.maker_fee, given, trade, time_ms))
        owner = event.taker_account, event.taker_sequence, taker, number, side, 0
        self.rows.fills.append((*owner, *terms, event.taker_fee, received, trade, time_ms))

    def _execute_maker(self, event: Fill, quantity: int, quote: int, time_ms: int) -> None:
        remaining = event.maker_remaining
        order = self._accepted.get(event.maker_order_id)
        if order is not None:
            order[REMAINING] = remaining
            order[EXECUTED] += quantity
            order[EXECUTED_QUOTE] += quote
            if not remaining:
                order[PRIORITY] = None
                order[CLOSED], order[CLOSED_MS] = event.maker_sequence, time_ms
            return
        change = self._change(event.maker_order_id)
        change.remaining = remaining
        change.executed += quantity
        change.executed_quote += quote
        if not remaining:
            change.priority = None
            change.closed, change.closed_ms = event.maker_sequence, time_ms

    def _execute_taker(self, event: Fill, quantity: int, quote: int, time_ms: int) -> None:
        order = self._accepted.get(event.taker_order_id)
        if order is not None:
            is_by_quote = order[TIME_FLAGS] >> ORDER_TYPE_SHIFT & 3 == _BY_QUOTE
            order[REMAINING] -= quote if is_by_quote else quantity
            order[EXECUTED] += quantity
            order[EXECUTED_QUOTE] += quote
            if not order[REMAINING]:
                order[CLOSED], order[CLOSED_MS] = event.taker_sequence, time_ms
            return
        # It was amended in this batch, so what remained of it is known.
        change = self._change(event.taker_order_id)
        change.remaining -= quantity
        change.executed += quantity
        change.executed_quote += quote
        if not change.remaining:
            change.closed, change.closed_ms = event.taker_sequence, time_ms

    def _rest(self, event: Rested) -> None:
        order = self._accepted.get(event.order_id)
        if order is not None:
            order[PRIORITY] = event.market_sequence
        else:
            self._change(event.order_id).priority = event.market_sequence
        self.rows.market_sequences[self._market] = event.market_sequence
        self.rows.events += 1

    def _close(self, event: Closed) -> None:
        rows = self.rows
        order = self._accepted.get(event.order_id)
        if order is not None:
            order[REMAINING], order[PRIORITY], order[REASON] = event.remaining, None, event.reason
            order[CLOSED], order[CLOSED_MS] = event.account_sequence, rows.time_ms
        else:
            change = self._change(event.order_id)
            change.remaining, change.priority, change.reason = event.remaining, None, event.reason
            change.closed, change.closed_ms = event.account_sequence, rows.time_ms
        rows.market_sequences[event.market] = event.market_sequence
        rows.account_sequences[event.account] = event.account_sequence
        rows.events += 1

    def _amend(self, event: Amended) -> None:
        rows, sequence = self.rows, event.account_sequence
        reenters = event.mode == AMENDED_REENTERS
        row = (
            *(event.account, sequence, event.order_id, event.market, int(reenters)),
            *(event.price, event.quantity, event.remaining, rows.time_ms),
        )
        order = self._accepted.get(event.order_id)
        if order is not None:
            rows.amendments.append((*row, order[PRICE], order[QUANTITY]))
            order[PRICE], order[QUANTITY] = event.price, event.quantity
            order[REMAINING] = event.remaining
            if reenters:
                order[PRIORITY], order[PLACED] = None, sequence
        else:
            change = self._change(event.order_id)
            if change.price is None:
                rows.first_amendments.append((*row, event.order_id))
            else:
                rows.amendments.append((*row, change.price, change.quantity))
            change.price, change.quantity = event.price, event.quantity
            change.remaining = event.remaining
            if reenters:
                change.priority, change.placed = None, sequence
        self._market = event.market
        rows.market_sequences[event.market] = event.market_sequence
        rows.account_sequences[event.account] = sequence
        rows.events += 1

    def _balance(self, event: Balance) -> None:
        self.rows.balances[event.account, event.asset] = event.available, event.locked
        self.rows.events += 1

    def _tick(self, event: Ticked) -> None:
        self.rows.market_sequences[event.market] = event.market_sequence
        self.rows.events += 1

    def _transfer(self, event: Transferred) -> None:
        atoms = event.amount if event.command_kind == _DEPOSIT else -event.amount
        self.rows.transfers.append((event.account, event.asset, atoms, self.rows.time_ms))
        self.rows.events += 1

    def _reject(self, event: Rejected) -> None:
        """Nothing changed."""
        self.rows.events += 1

    def _change(self, order_id: int) -> Change:
        change = self.rows.changes.get(order_id)
        if change is None:
            change = self.rows.changes[order_id] = Change(order_id)
        return change


_READERS: dict[type, Callable[[_Batch, Any], None]] = {
    Entry: _Batch._entry,
    Rejected: _Batch._reject,
    Accepted: _Batch._accept,
    Fill: _Batch._fill,
    Rested: _Batch._rest,
    Closed: _Batch._close,
    Amended: _Batch._amend,
    Balance: _Batch._balance,
    Ticked: _Batch._tick,
    Transferred: _Batch._transfer,
}
