"""The tables as dictionaries, folded one event after the other, without regard to speed.

It shares nothing with the store but the names of the columns. An order's life is found by id among
those that rest; the account's updates are told as they happen, as the feed does.
"""

from typing import Any

from model.decoding import events_of

from truebook import messages as m
from truebook.commandlog.interface import GENESIS
from truebook.commandlog.replies import settings_events
from truebook.directory import Directory
from truebook.feed.updates import (
    ACCEPTED,
    FAILED,
    FILLED,
    MODIFIED,
    PLACED,
    FillThen,
    OrderThen,
    TriggerThen,
    close_name,
    update_json,
)
from truebook.feed.words import status_of
from truebook.messages import CloseReason, EventKind, OrderStatus

TRIGGER_COLUMNS = (
    *("trigger_price", "trigger_limit", "trigger_qty", "trigger_flags"),
    *("fired_sequence", "fired_at", "fail_code"),
)


class NaiveTables:
    """What the database must hold."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.orders: list[dict[str, Any]] = []
        self.trades: list[tuple] = []
        self.fills: list[tuple] = []
        self.amendments: list[tuple] = []
        self.transfers: list[list] = []
        self.withdrawals: list[dict[str, Any]] = []
        self.timers: dict[tuple[int, int], int] = {}
        self.attesters: set[int] = set()
        self.version = 1
        self.balances: dict[tuple[int, int], tuple[int, int]] = {}
        self.candles: dict[tuple[int, int, int], list[int]] = {}
        self.markets: dict[int, dict[str, int]] = {}
        self.sequences: dict[int, int] = {0: 0}
        self.gateways: dict[int, int] = {}
        self.updates: dict[int, dict[int, bytes]] = {}
        self.time_ms = 0
        self._live: dict[int, dict[str, Any]] = {}

    def read(self, events: bytes) -> None:
        settings = settings_events(events)
        if settings:
            self.directory.load(GENESIS, settings)
        for kind, event, _ in events_of(events):
            fold = getattr(self, f"_{EventKind(kind).name.lower()}", None)
            if fold:
                fold(event)

    def _entry(self, event: Any) -> None:
        self.time_ms = event.time_ms
        if event.status == m.EntryStatus.APPLIED:
            self.gateways[event.gateway] = event.sequence

    def _accepted(self, event: Any) -> None:
        order = {
            "id": event.order_id,
            "user_id": event.account,
            "accepted_sequence": event.account_sequence,
            "market": event.market,
            "symbol": self.directory.markets[event.market].symbol,
            "client_id": event.client_id,
            "price": event.price,
            "original_qty": event.quantity,
            "remaining_qty": event.quantity,
            "executed_qty": 0,
            "executed_quote": 0,
            "priority": event.market_sequence if event.flags & m.ACCEPTED_RESTS else None,
            "placed_sequence": event.account_sequence,
            "closed_sequence": None,
            "closed_at": None,
            "close_reason": None,
            "seq": event.market_sequence,
            "time_flags": event.time_flags,
        } | dict.fromkeys(TRIGGER_COLUMNS)
        if event.flags & m.ACCEPTED_TRIGGERED:
            return self._fire(event, order)
        self.orders.append(order)
        self._live[event.order_id] = self._active = order
        self._market(event)
        self._tell(order, ACCEPTED, event.account_sequence, OrderStatus.NEW)

    def _fire(self, event: Any, placed: dict[str, Any]) -> None:
        order = self._active = self._live[event.order_id]
        assert is_pending(order)
        kept = ("accepted_sequence", "seq", *TRIGGER_COLUMNS)
        trigger = trigger_then(order)
        order |= {name: value for name, value in placed.items() if name not in kept}
        order |= {"fired_sequence": event.account_sequence, "fired_at": self.time_ms}
        self._market(event)
        self._tell(order, ACCEPTED, event.account_sequence, OrderStatus.NEW, trigger=trigger)

    def _trigger_placed(self, event: Any) -> None:
        order = {
            "id": event.order_id,
            "user_id": event.account,
            "accepted_sequence": event.account_sequence,
            "market": event.market,
            "symbol": self.directory.markets[event.market].symbol,
            "client_id": event.client_id,
            "price": event.price,
            "original_qty": event.quantity,
            "remaining_qty": event.quantity,
            "executed_qty": 0,
            "executed_quote": 0,
            "priority": event.market_sequence,
            "placed_sequence": event.account_sequence,
            "closed_sequence": None,
            "closed_at": None,
            "close_reason": None,
            "seq": event.market_sequence,
            "time_flags": event.time_flags,
            "trigger_price": event.trigger_price,
            "trigger_limit": event.price,
            "trigger_qty": event.quantity,
            "trigger_flags": event.time_flags,
            "fired_sequence": None,
            "fired_at": None,
            "fail_code": None,
        }
        self.orders.append(order)
        self._live[event.order_id] = order
        self._market(event)
        self._tell(order, PLACED, event.account_sequence, OrderStatus.TRIGGER_PENDING)

    def _trigger_failed(self, event: Any) -> None:
        order = self._live[event.order_id]
        assert is_pending(order)
        self._market(event)
        trigger = trigger_then(order)
        order |= {
            "priority": None,
            "closed_sequence": event.account_sequence,
            "closed_at": self.time_ms,
            "fired_sequence": event.account_sequence,
            "fired_at": self.time_ms,
            "fail_code": event.code,
        }
        status = OrderStatus.TRIGGER_FAILED
        self._tell(
            order, FAILED, event.account_sequence, status, trigger=trigger, failure=event.code
        )

    def _fill(self, event: Any) -> None:
        market = self.directory.markets[event.market]
        maker, taker = self._live[event.maker_order_id], self._active
        assert taker["id"] == event.taker_order_id
        trade, side = event.trade_id, event.side
        ids = maker["id"], taker["id"]
        buyer, seller = ids[::-1] if side == 0 else ids
        terms = event.price, event.quantity
        self.trades.append(
            (event.market, trade, market.symbol, buyer, seller, *terms, side, self.time_ms)
        )
        self._market(event)
        self.markets[event.market] |= {"last_trade_id": trade, "last_price": event.price}
        for seconds in (1, 60, 3600, 86400):
            self._candle(event, seconds)
        for order, is_maker in ((maker, 1), (taker, 0)):
            self._side(event, order, is_maker)

    def _side(self, event: Any, order: dict[str, Any], is_maker: int) -> None:
        market = self.directory.markets[event.market]
        side = 1 - event.side if is_maker else event.side
        sequence = event.maker_sequence if is_maker else event.taker_sequence
        fee = event.maker_fee if is_maker else event.taker_fee
        asset = market.quote if side else market.base
        quote = event.price * event.quantity * market.unit
        by_quote = order["time_flags"] >> m.ORDER_TYPE_SHIFT & 3 == 2
        order["remaining_qty"] -= quote if by_quote else event.quantity
        order["executed_qty"] += event.quantity
        order["executed_quote"] += quote
        if order["remaining_qty"] == 0:
            order |= {"priority": None, "closed_sequence": sequence, "closed_at": self.time_ms}
        terms = event.price, event.quantity
        self.fills.append(
            (
                *(order["user_id"], sequence, order["id"], event.market, side, is_maker),
                *(*terms, fee, asset.number, event.trade_id, self.time_ms),
            )
        )
        status = OrderStatus.PARTIALLY_FILLED if order["remaining_qty"] else OrderStatus.FILLED
        fill = FillThen(event.trade_id, *terms, fee, asset, bool(is_maker))
        self._tell(order, FILLED, sequence, status, fill=fill)

    def _candle(self, event: Any, seconds: int) -> None:
        second = self.time_ms // 1000
        key = event.market, seconds, second - second % seconds
        price, quantity = event.price, event.quantity
        known = self.candles.get(key)
        if known is None:
            self.candles[key] = [price] * 4 + [quantity, price * quantity, 1]
            return
        known[1], known[2], known[3] = max(known[1], price), min(known[2], price), price
        known[4:] = [known[4] + quantity, known[5] + price * quantity, known[6] + 1]

    def _rested(self, event: Any) -> None:
        order = self._active
        assert (order["id"], order["remaining_qty"]) == (event.order_id, event.remaining)
        order["priority"] = event.market_sequence
        self.markets[order["market"]]["market_sequence"] = event.market_sequence

    def _closed(self, event: Any) -> None:
        order = self._live[event.order_id]
        order |= {
            "remaining_qty": event.remaining,
            "priority": None,
            "closed_sequence": event.account_sequence,
            "closed_at": self.time_ms,
            "close_reason": event.reason,
        }
        self._market(event)
        reason = CloseReason(event.reason)
        status = status_of(reason)
        self._tell(order, close_name(reason), event.account_sequence, status, reason=reason)

    def _amended(self, event: Any) -> None:
        order = self._live[event.order_id]
        reenters = int(event.mode == m.AMENDED_REENTERS)
        new = event.price, event.quantity, event.remaining, self.time_ms
        key = event.account, event.account_sequence, event.order_id, event.market, reenters
        self.amendments.append((*key, *new, order["price"], order["original_qty"]))
        order |= dict(zip(("price", "original_qty", "remaining_qty"), new[:3], strict=True))
        if reenters:
            order |= {"priority": None, "placed_sequence": event.account_sequence}
        self._active = order
        self._market(event)
        status = OrderStatus.PARTIALLY_FILLED if order["executed_qty"] else OrderStatus.NEW
        self._tell(order, MODIFIED, event.account_sequence, status)

    def _balance(self, event: Any) -> None:
        self.balances[event.account, event.asset] = event.available, event.locked

    def _ticked(self, event: Any) -> None:
        self.markets[event.market]["market_sequence"] = event.market_sequence

    def _transferred(self, event: Any) -> None:
        sign = 1 if event.command_kind == m.CommandKind.DEPOSIT else -1
        amount = sign * event.amount
        self.transfers.append([event.account, event.asset, amount, self.time_ms, None])

    def _reference_set(self, event: Any) -> None:
        assert self.transfers[-1][0] == event.account
        self.transfers[-1][4] = event.reference

    def _withdrawal_set(self, event: Any) -> None:
        if event.state == m.WithdrawalState.PENDING:
            row = {"id": event.withdrawal_id, "user_id": event.account, "asset": event.asset}
            row |= {"amount": event.amount, "state": event.state, "created_at": self.time_ms}
            self.withdrawals.append(row | {"settled_at": None})
            return
        (row,) = [
            row
            for row in self.withdrawals
            if (row["id"], row["state"]) == (event.withdrawal_id, m.WithdrawalState.PENDING)
        ]
        row |= {"state": event.state, "settled_at": self.time_ms}

    def _timer_set(self, event: Any) -> None:
        self.timers.pop((event.account, event.timer), None)
        if event.expires_ms:
            self.timers[event.account, event.timer] = event.expires_ms

    def _rules_set(self, event: Any) -> None:
        self.version = event.version

    def _attester_set(self, event: Any) -> None:
        self.attesters.add(event.slot)

    def _market_set(self, event: Any) -> None:
        first = {"market_sequence": 0, "last_trade_id": 0, "last_price": 0}
        self.markets.setdefault(event.market, first)

    def _account_set(self, event: Any) -> None:
        self.sequences.setdefault(event.account, 0)

    def _market(self, event: Any) -> None:
        self.markets[event.market]["market_sequence"] = event.market_sequence

    def _tell(
        self,
        order: dict[str, Any],
        name: str,
        sequence: int,
        status: OrderStatus,
        reason: CloseReason | None = None,
        fill: FillThen | None = None,
        trigger: TriggerThen | None = None,
        failure: int | None = None,
    ) -> None:
        self.sequences[order["user_id"]] = sequence
        if is_waiting := order["trigger_price"] is not None and order["fired_sequence"] is None:
            trigger = trigger_then(order)
        is_waiting = is_waiting or failure is not None
        then = OrderThen(
            order["id"],
            order["client_id"],
            order["price"],
            0 if is_waiting else order["original_qty"],
            order["executed_qty"],
            order["executed_quote"],
            order["time_flags"],
            trigger,
        )
        self.updates.setdefault(order["user_id"], {})[sequence] = update_json(
            name,
            self.directory.markets[order["market"]],
            then,
            status,
            sequence=sequence,
            time_ms=self.time_ms,
            reason=reason,
            failure=failure,
            fill=fill,
        )


def is_pending(order: dict[str, Any]) -> bool:
    """Whether it waits for its trigger price."""
    is_waiting = order["trigger_price"] is not None and order["fired_sequence"] is None
    return is_waiting and order["priority"] is not None


def trigger_then(order: dict[str, Any]) -> TriggerThen:
    """What the updates of a pending order tell."""
    is_percent = order["trigger_flags"] & m.ORDER_PERCENT != 0
    return TriggerThen(order["trigger_price"], order["trigger_qty"], is_percent)
