"""Events → rows: what a batch of the event stream means for the tables.

Promise: the rows are a function of the events and of nothing else; cutting the stream into other
batches gives the same database. Entries whose position is known are passed over, and what doesn't
continue the known history, by its positions or by its hash, is refused: so each event counts once,
and only events that these engines made from this log.

Trades and most orders are told by columns (fills.py, lives.py, orders.py). What is told here, one
event after the other, is the rest, and of the orders the odd ones: one that was accepted in the
batch is in `_accepted` and changed in place; of others only the change is known, and that is
enough: events carry new values, or (executed quantities) what is to be added. A command's events
never leave their entry, so a batch is never cut inside a command.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Any

from truebook.commandlog.chain import extend
from truebook.commandlog.interface import EventEntry, StreamForeign, Tail
from truebook.directory import Directory
from truebook.messages import (
    ACCEPTED_RESTS,
    ACCEPTED_TRIGGERED,
    AMENDED_REENTERS,
    ORDER_TYPE_SHIFT,
    CommandKind,
    EntryStatus,
    EventKind,
    OrderType,
)
from truebook.store.columns import joined
from truebook.store.fills import Markets, read_fills, write_fills
from truebook.store.lives import Lives
from truebook.store.notes import Notes
from truebook.store.orders import write_orders
from truebook.store.records import Records
from truebook.store.rows import (
    CLOSED,
    CLOSED_MS,
    EXECUTED,
    EXECUTED_QUOTE,
    FAILED,
    FIRED,
    FIRED_MS,
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
    Settled,
)
from truebook.store.settings import fold_settings

Record = tuple[Any, ...]
"""The fields of an event, as records.FIELDS lists them."""

_BY_QUOTE = int(OrderType.MARKET_BY_QUOTE)
_APPLIED = int(EntryStatus.APPLIED)
_DEPOSIT = int(CommandKind.DEPOSIT)
_REFERENCE = Struct("<2Q")


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
    return batch.fold()


class _Batch:
    def __init__(self, known: Tail, directory: Directory) -> None:
        self.rows = Rows(known.position, known)
        self._directory = directory
        self._markets = Markets({})
        self._orders: list[OrderRow] = []
        self._accepted: dict[int, OrderRow] = {}
        self._odd: set[int] = set()
        """The orders that are told here."""
        self._events: list[bytes] = []
        self._market = 0
        """Of the order that was last accepted or amended: a RESTED is about it."""
        self._entry_number = -1
        self._notes: Notes | None = None

    def add(self, entry: EventEntry) -> None:
        """Take one entry, if it is the next one."""
        before = self.rows.tail
        if entry.previous != before.position:
            if before.position == self.rows.before and entry.previous > before.position:
                raise StreamTrimmed(f"the event stream begins behind {entry.previous}")
            raise StreamForeign(f"{entry.position} follows {entry.previous}, not {before.position}")
        event_hash = extend(before.event_hash, entry.position, entry.events)
        if event_hash != entry.event_hash:
            raise StreamForeign(f"the events up to {entry.position} have another hash than stored")
        self.rows.tail = Tail(entry.position, event_hash)
        self._events.append(entry.events)

    def fold(self) -> Rows:
        """The rows of all entries that were taken."""
        events = b"".join(self._events)
        fold_settings(events, self._directory, self.rows)
        markets = self._directory.markets
        self.rows.symbols = {number: market.symbol for number, market in markets.items()}
        self._markets = Markets(markets)
        records = Records(events)
        self._notes = records.notes()
        fills = read_fills(records, self._markets)
        lives = Lives(records, fills)
        self._odd = lives.odd
        records.give(
            {
                EventKind.ENTRY: self._entry,
                EventKind.ACCEPTED: self._accept,
                EventKind.FILL: self._fill,
                EventKind.RESTED: self._rest,
                EventKind.CLOSED: self._close,
                EventKind.AMENDED: self._amend,
                EventKind.TICKED: self._tick,
                EventKind.TRANSFERRED: self._transfer,
                EventKind.REFERENCE_SET: self._refer,
                EventKind.TRIGGER_PLACED: self._place_trigger,
                EventKind.TRIGGER_FAILED: self._fail,
                EventKind.TIMER_SET: self._set_timer,
                EventKind.WITHDRAWAL_SET: self._set_withdrawal,
            },
            without=lives.told(),
        )
        write_fills(fills, self._markets, self.rows)
        write_orders(records, lives, self.rows)
        self.rows.orders = joined(self.rows.orders, self._orders)
        if self._notes is not None:
            self.rows.noted = self._notes.settings
        self.rows.balances = records.balances()
        return self.rows

    def _entry(self, record: Record) -> None:
        status, gateway, sequence, self.rows.time_ms = record
        if status == _APPLIED:
            self.rows.gateways[gateway] = sequence
        self._entry_number += 1
        if self._notes is not None:
            whole = [note for note in self._notes.all if note.entry == self._entry_number]
            self.rows.notes += [(self.rows.time_ms, note.text) for note in whole]

    def _accept(self, record: Record) -> None:
        account, order_id, price, quantity, flags, market, client_id, *rest = record
        market_sequence, sequence, time_flags = rest
        rows = self.rows
        priority = market_sequence if flags & ACCEPTED_RESTS else None
        if flags & ACCEPTED_TRIGGERED:
            self._fire(order_id, price, quantity, priority, sequence, time_flags)
        else:
            order = [
                *(order_id, account, sequence, market, client_id),
                *(price, quantity, quantity, 0, 0, priority, sequence, None, None, None),
                *(market_sequence, time_flags),
            ]
            self._accepted[order_id] = order
            self._orders.append(order)
        self._market = market
        rows.market_sequences[market] = market_sequence
        rows.account_sequences[account] = sequence

    def _fire(
        self,
        order_id: int,
        price: int,
        quantity: int,
        priority: int | None,
        sequence: int,
        time_flags: int,
    ) -> None:
        order, time_ms = self._accepted.get(order_id), self.rows.time_ms
        if order is not None:
            order[PRICE], order[QUANTITY], order[REMAINING] = price, quantity, quantity
            order[PRIORITY], order[PLACED], order[TIME_FLAGS] = priority, sequence, time_flags
            order[FIRED], order[FIRED_MS] = sequence, time_ms
            return
        change = self._change(order_id)
        change.remaining, change.priority, change.has_fired = quantity, priority, True
        change.is_by_quote = time_flags >> ORDER_TYPE_SHIFT & 3 == _BY_QUOTE
        placed = price, quantity, quantity, time_flags
        self.rows.fired.append((*placed, sequence, sequence, time_ms, order_id))

    def _place_trigger(self, record: Record) -> None:
        account, order_id, price, quantity, market, client_id, *rest = record
        market_sequence, sequence, time_flags, trigger_price = rest
        order = [
            *(order_id, account, sequence, market, client_id),
            *(price, quantity, quantity, 0, 0, market_sequence, sequence, None, None, None),
            *(market_sequence, time_flags),
            *(trigger_price, price, quantity, time_flags, None, None, None),
        ]
        self._accepted[order_id] = order
        self.rows.trigger_orders.append(order)
        self.rows.market_sequences[market] = market_sequence
        self.rows.account_sequences[account] = sequence

    def _fail(self, record: Record) -> None:
        account, order_id, code, market, market_sequence, sequence = record
        rows, order = self.rows, self._accepted.get(order_id)
        if order is not None:
            order[PRIORITY], order[FAILED] = None, code
            order[CLOSED], order[CLOSED_MS] = sequence, rows.time_ms
            order[FIRED], order[FIRED_MS] = sequence, rows.time_ms
        else:
            rows.failed.append((sequence, rows.time_ms, sequence, rows.time_ms, code, order_id))
        rows.market_sequences[market] = market_sequence
        rows.account_sequences[account] = sequence

    def _fill(self, record: Record) -> None:
        maker, price, quantity, market, taker, remaining, maker_at, taker_at = record
        quote = price * quantity * int(self._markets.units[market])
        if maker in self._odd:
            self._execute_maker(maker, maker_at, quantity, quote, remaining)
        if taker in self._odd:
            self._execute_taker(taker, taker_at, quantity, quote)

    def _execute_maker(
        self, order_id: int, sequence: int, quantity: int, quote: int, remaining: int
    ) -> None:
        order = self._accepted.get(order_id)
        if order is not None:
            order[REMAINING] = remaining
            order[EXECUTED] += quantity
            order[EXECUTED_QUOTE] += quote
            if not remaining:
                order[PRIORITY] = None
                order[CLOSED], order[CLOSED_MS] = sequence, self.rows.time_ms
            return
        change = self._change(order_id)
        change.remaining = remaining
        change.executed += quantity
        change.executed_quote += quote
        if not remaining:
            change.priority = None
            change.closed, change.closed_ms = sequence, self.rows.time_ms

    def _execute_taker(self, order_id: int, sequence: int, quantity: int, quote: int) -> None:
        order = self._accepted.get(order_id)
        if order is not None:
            is_by_quote = order[TIME_FLAGS] >> ORDER_TYPE_SHIFT & 3 == _BY_QUOTE
            order[REMAINING] -= quote if is_by_quote else quantity
            order[EXECUTED] += quantity
            order[EXECUTED_QUOTE] += quote
            if not order[REMAINING]:
                order[CLOSED], order[CLOSED_MS] = sequence, self.rows.time_ms
            return
        # It was amended in this batch or has fired, so what remained of it is known.
        change = self._change(order_id)
        change.remaining -= quote if change.is_by_quote else quantity
        change.executed += quantity
        change.executed_quote += quote
        if not change.remaining:
            change.closed, change.closed_ms = sequence, self.rows.time_ms

    def _rest(self, record: Record) -> None:
        order_id, market_sequence = record
        order = self._accepted.get(order_id)
        if order is not None:
            order[PRIORITY] = market_sequence
        else:
            self._change(order_id).priority = market_sequence
        self.rows.market_sequences[self._market] = market_sequence

    def _close(self, record: Record) -> None:
        reason, account, order_id, remaining, market, market_sequence, sequence = record
        rows = self.rows
        order = self._accepted.get(order_id)
        if order is not None:
            order[REMAINING], order[PRIORITY], order[REASON] = remaining, None, reason
            order[CLOSED], order[CLOSED_MS] = sequence, rows.time_ms
        else:
            change = self._change(order_id)
            change.remaining, change.priority, change.reason = remaining, None, reason
            change.closed, change.closed_ms = sequence, rows.time_ms
        rows.market_sequences[market] = market_sequence
        rows.account_sequences[account] = sequence

    def _amend(self, record: Record) -> None:
        mode, account, order_id, price, quantity, market, market_sequence, *rest = record
        sequence, remaining = rest
        rows, reenters = self.rows, mode == AMENDED_REENTERS
        new = price, quantity, remaining, rows.time_ms
        row = account, sequence, order_id, market, int(reenters), *new
        order = self._accepted.get(order_id)
        if order is not None:
            rows.amendments.append((*row, order[PRICE], order[QUANTITY]))
            order[PRICE], order[QUANTITY], order[REMAINING] = price, quantity, remaining
            if reenters:
                order[PRIORITY], order[PLACED] = None, sequence
        else:
            change = self._change(order_id)
            if change.price is None:
                rows.first_amendments.append((*row, order_id))
            else:
                rows.amendments.append((*row, change.price, change.quantity))
            change.price, change.quantity, change.remaining = price, quantity, remaining
            if reenters:
                change.priority, change.placed = None, sequence
        self._market = market
        rows.market_sequences[market] = market_sequence
        rows.account_sequences[account] = sequence

    def _tick(self, record: Record) -> None:
        market, sequence = record
        self.rows.market_sequences[market] = sequence

    def _transfer(self, record: Record) -> None:
        command_kind, command, account, amount, asset = record
        atoms = amount if command_kind == _DEPOSIT else -amount
        note = self._note_of(command)
        self.rows.transfers.append([account, asset, atoms, self.rows.time_ms, None, note])

    def _refer(self, record: Record) -> None:
        # It follows the TRANSFERRED of the same command.
        self.rows.transfers[-1][4] = _REFERENCE.pack(*record[0])

    def _set_withdrawal(self, record: Record) -> None:
        state, command, account, withdrawal_id, amount, asset = record
        note = self._note_of(command)
        what = withdrawal_id, account, asset, amount, state
        self.rows.withdrawals.append(Settled(*what, self.rows.time_ms, note))

    def _set_timer(self, record: Record) -> None:
        timer, account, expires_ms = record
        self.rows.timers[account, timer] = expires_ms

    def _note_of(self, command: int) -> int | None:
        return None if self._notes is None else self._notes.of(self._entry_number, command)

    def _change(self, order_id: int) -> Change:
        change = self.rows.changes.get(order_id)
        if change is None:
            change = self.rows.changes[order_id] = Change(order_id)
        return change
