"""The event stream folded: orders, books, balances, settings and sequences from events alone.

Promise: `read` raises AssertionError, with the invariant's number (I1 …), at the
first event or command end that breaks one. It shares no code with any engine.
"""

from dataclasses import dataclass, field
from typing import Any

from model.decoding import EVENTS, events_of, replies_of
from model.foldedbook import FoldedOrder
from model.foldedfunds import FoldedFunds
from model.foldedsettings import FoldedSettings
from model.foldedtimers import FoldedTimers
from model.foldedtriggers import FoldedTriggers

from truebook import messages as m
from truebook.messages import CloseReason, EventKind, OrderStatus, OrderType, SelfTrade

NOT_ORDERS = (OrderStatus.DONE,)


@dataclass
class Fold:
    """What a reader of the events knows."""

    settings: FoldedSettings = field(default_factory=FoldedSettings)
    funds: FoldedFunds = field(default_factory=FoldedFunds)
    orders: dict[int, FoldedOrder] = field(default_factory=dict)
    clients: dict[tuple[int, int], int] = field(default_factory=dict)
    placed: dict[int, dict[int, FoldedOrder]] = field(default_factory=dict)
    """Resting and pending orders of each account, oldest placement first."""
    triggers: FoldedTriggers = field(default_factory=FoldedTriggers)
    timers: FoldedTimers = field(default_factory=FoldedTimers)
    time_ms: int = 0
    gateways: dict[int, int] = field(default_factory=dict)
    command: int = -1
    active: FoldedOrder | None = None
    """The order that the present command placed or amended and that doesn't rest, or one that
    fired."""
    is_silent: bool = False
    """What happens now has no replies: orders fire, or a timer runs out."""
    touched: set[int] = field(default_factory=set)
    """Markets whose books the present command changed."""
    answers: list[tuple[int, ...]] = field(default_factory=list)
    """What the replies about orders and rejections must say."""

    def read(self, events: bytes, replies: bytes) -> None:
        """Fold the events of one `apply`, and compare the replies with them."""
        self.answers.clear()
        for kind, event, at in events_of(events):
            if kind in (ENTRY, BALANCE) or event.command != self.command:
                self._end_command()
                self.command = -1 if kind in (ENTRY, BALANCE) else event.command
                self.is_silent = self.command == m.NO_COMMAND
            if self.command != m.NO_COMMAND:
                self.timers.check_run_out(self.time_ms, self._open_orders_of)
            if kind == ENTRY:
                self.funds.check_said()
            else:
                assert kind == BALANCE or not self.funds.is_saying, "I7: an event after a BALANCE"
            READERS[kind](self, event)
            if kind >= FIRST_SETTING:
                self.settings.note(kind, event, events[at : at + EVENTS[kind].size])
        self._end_command()
        self.timers.check_run_out(self.time_ms, self._open_orders_of)
        self.funds.check_said()
        self._compare_replies(replies)

    # --- one method for each kind of event ----------------------------------------------------

    def _entry(self, event: Any) -> None:
        assert event.time_ms >= self.time_ms, "time went back"
        self.time_ms = event.time_ms
        last = self.gateways.get(event.gateway, 0)
        if event.status == m.EntryStatus.APPLIED:
            assert event.sequence == last + 1, f"I10: gateway {event.gateway} after {last}"
            self.gateways[event.gateway] = event.sequence
            self.timers.begin_entry()

    def _rejected(self, event: Any) -> None:
        assert event.code != 0
        subject = (event.order_id, event.account, event.other_id)
        self.answers.append((OrderStatus.REJECTED, event.code, *subject))

    def _accepted(self, event: Any) -> None:
        assert event.order_id not in self.orders, f"I9: order {event.order_id} accepted twice"
        if event.flags & m.ACCEPTED_TRIGGERED:
            self._fired(event)
        else:
            assert event.order_id not in self.triggers.pending, "I9: it is pending already"
            assert event.time_flags >> m.ORDER_TIME_SHIFT == self.time_ms
        self._number(event)
        order = FoldedOrder(
            order_id=event.order_id,
            account=event.account,
            market=event.market,
            side=event.side,
            client_id=event.client_id,
            price=event.price,
            quantity=event.quantity,
            remaining=event.quantity,
            time_flags=event.time_flags,
        )
        if event.flags & m.ACCEPTED_RESTS:
            self._rest(order, event.market_sequence)
        self.active = order

    def _fill(self, event: Any) -> None:
        taker, book = self.active, self.settings.markets[event.market].book
        assert taker is not None, "I9: a fill without a taker"
        assert event.taker_order_id == taker.order_id, "I9: a fill of another order"
        assert event.taker_account == taker.account
        maker = book.first(1 - event.side)
        assert event.maker_order_id == maker.order_id, f"I5: {maker.order_id} comes first"
        assert event.maker_account == maker.account
        assert event.price == maker.price, "I5: not the maker's price"
        beyond = event.price - taker.price if taker.side == 0 else taker.price - event.price
        assert beyond <= 0, "I5: beyond the taker's limit"
        assert not taker.time_flags & m.ORDER_POST_ONLY, "a post-only order takes"
        own = maker.account == taker.account
        assert not own or taker.self_trade == SelfTrade.ALLOW, "I13: a self-trade"
        self._trade(event, maker, taker)
        self._number_fill(event)

    def _trade(self, event: Any, maker: FoldedOrder, taker: FoldedOrder) -> None:
        market = self.settings.markets[event.market]
        atoms = (event.price * event.quantity * market.unit, event.quantity * market.lot_atoms)
        gives = (atoms[maker.side], atoms[taker.side])
        assets = (market.held_asset(maker.side), market.held_asset(taker.side))
        self.funds.move(maker.account, assets[0], 0, -gives[0])
        self.funds.move(taker.account, assets[1], -gives[1])
        rates = self.settings.rates(maker.account)[0], self.settings.rates(taker.account)[1]
        self._receive(maker.account, assets[1], gives[1], rates[0], event.maker_fee)
        self._receive(taker.account, assets[0], gives[0], rates[1], event.taker_fee)
        for order in (maker, taker):
            by_quote = order.order_type == OrderType.MARKET_BY_QUOTE
            order.remaining -= atoms[0] if by_quote else event.quantity
            order.executed += event.quantity
            order.executed_quote += atoms[0]
            order.fills += 1
            assert order.remaining >= 0, f"I9: order {order.order_id} is overfilled"
        assert event.quantity > 0
        assert event.maker_remaining == maker.remaining
        market.book.reduce(maker, event.quantity)
        if maker.remaining == 0:
            self._leave(maker)
        maker.fills = 0
        market.last_price = event.price
        self.triggers.reach(event.market, event.price)
        self.touched.add(event.market)

    def _receive(self, account: int, asset: int, atoms: int, rate_bp: int, fee: int) -> None:
        venue = self.funds.available[m.VENUE_ACCOUNT, asset]
        exact = -(-atoms * rate_bp // 10_000)
        assert fee == max(exact, -venue), f"I13: a fee of {fee} on {atoms} at {rate_bp} bp"
        self.funds.move(account, asset, atoms - fee)
        self.funds.move(m.VENUE_ACCOUNT, asset, fee)

    def _rested(self, event: Any) -> None:
        order = self.active
        assert order is not None, "I9: an order rests without a command"
        assert (event.order_id, event.account) == (order.order_id, order.account)
        assert event.side == order.side
        assert event.remaining == order.remaining > 0, "I9: what rests is what is left"
        self.settings.markets[order.market].expect(event.market_sequence)
        self._rest(order, event.market_sequence)

    def _closed(self, event: Any) -> None:
        self._number(event)
        if event.rested == PENDING:
            order = self.triggers.pending[event.order_id]
            self._wait_no_more(order)
        elif event.rested:
            order = self.orders[event.order_id]
            self._leave(order)
            atoms = self._hold(order)
            asset = self.settings.markets[order.market].held_asset(order.side)
            self.funds.move(order.account, asset, atoms, -atoms)
        else:
            assert self.active is not None
            order = self.active
            assert order.order_id == event.order_id not in self.orders
            partly = order.fills and event.reason != CloseReason.FILLED
            killed = order.time_in_force == m.TimeInForce.FOK
            assert not (killed and partly), "a fill-or-kill order was filled in part"
            self._answer(order, event.reason, closed=True)
            self.active = None
        assert event.remaining == order.remaining > 0, "I9: a closed order has something left"
        assert (event.account, event.market) == (order.account, order.market)
        assert (event.price, event.side) == (order.price, order.side)
        if event.rested and event.reason == CloseReason.CANCELLED:
            self._answer(order, event.reason, closed=True)

    def _amended(self, event: Any) -> None:
        order = self.orders[event.order_id]
        self._number(event)
        market = self.settings.markets[order.market]
        before = self._hold(order)
        kept = event.mode == m.AMENDED_KEPT
        assert not kept or (event.price == order.price and event.quantity <= order.quantity)
        if kept:
            market.book.reduce(order, order.quantity - event.quantity)
        else:
            self._leave(order)
        order.price, order.quantity = event.price, event.quantity
        order.remaining = event.quantity - order.executed
        assert event.remaining == order.remaining > 0
        after = self._hold(order) if kept else 0
        asset = market.held_asset(order.side)
        self.funds.move(order.account, asset, before - after, after - before)
        order.fills = 0
        self.active = order

    def _balance(self, event: Any) -> None:
        self.funds.said(event.account, event.asset, event.available, event.locked)

    def _ticked(self, event: Any) -> None:
        self.settings.markets[event.market].expect(event.market_sequence)

    def _trigger_placed(self, event: Any) -> None:
        known = event.order_id in self.orders or event.order_id in self.triggers.pending
        assert not known, f"I9: order {event.order_id} placed twice"
        assert event.time_flags >> m.ORDER_TIME_SHIFT == self.time_ms
        assert event.time_flags & m.ORDER_TRIGGER
        self._number(event)
        order = FoldedOrder(
            order_id=event.order_id,
            account=event.account,
            market=event.market,
            side=event.side,
            client_id=event.client_id,
            price=event.price,
            quantity=event.quantity,
            remaining=event.quantity,
            time_flags=event.time_flags,
            priority=event.market_sequence,
            trigger_price=event.trigger_price,
        )
        market = self.settings.markets[event.market]
        self.triggers.check_direction(order, market.last_price or market.settings.price_reference)
        self.triggers.pending[order.order_id] = order
        self._list(order)
        self._answer(order, 0, closed=False)

    def _trigger_failed(self, event: Any) -> None:
        assert event.code != 0
        self._fired(event)
        self._number(event)

    def _fired(self, event: Any) -> None:
        """A pending order fires: the one whose turn it is, and as it was placed."""
        self._end_order()
        self.is_silent = True
        order = self.triggers.next(event.market)
        assert order is not None, f"order {event.order_id} fires before its time"
        assert order.order_id == event.order_id, f"I5: order {order.order_id} fires first"
        assert (event.account, event.side) == (order.account, order.side)
        self._wait_no_more(order)
        if hasattr(event, "time_flags"):
            market = self.settings.markets[event.market]
            asset = market.held_asset(order.side)
            available = self.funds.available[order.account, asset]
            self.triggers.check_fired(order, event, market, available)

    def _wait_no_more(self, order: FoldedOrder) -> None:
        del self.triggers.pending[order.order_id]
        self._unlist(order)

    def _timer_set(self, event: Any) -> None:
        if event.command == m.NO_COMMAND:
            self.timers.run_out(event.account, event.timer, event.expires_ms, self.time_ms)
        else:
            self.timers.set(event.account, event.timer, event.expires_ms)

    def _open_orders_of(self, account: int) -> list[int]:
        """Return the ids of an account's orders in markets that aren't closed."""
        markets = self.settings.markets
        return [
            number
            for number, order in self.placed.get(account, {}).items()
            if markets[order.market].settings.state != m.MarketState.CLOSED
        ]

    def _withdrawal_set(self, event: Any) -> None:
        wanted = (event.account, event.asset, event.amount)
        self.funds.withdraw(event.withdrawal_id, event.state, wanted)

    def _reference_set(self, event: Any) -> None:
        self.funds.refer(event.reference)

    def _transferred(self, event: Any) -> None:
        sign = 1 if event.command_kind == m.CommandKind.DEPOSIT else -1
        self.funds.transfer(event.account, event.asset, sign * event.amount)

    def _setting(self, event: Any) -> None:
        """Settings are noted by `read`, with their bytes."""

    # --- what they have in common -------------------------------------------------------------

    def _number(self, event: Any) -> None:
        self.settings.markets[event.market].expect(event.market_sequence)
        self.settings.expect(event.account, event.account_sequence)

    def _number_fill(self, event: Any) -> None:
        market = self.settings.markets[event.market]
        market.expect(event.market_sequence)
        market.last_trade_id += 1
        assert event.trade_id == market.last_trade_id, "I11: trade ids"
        self.settings.expect(event.maker_account, event.maker_sequence)
        self.settings.expect(event.taker_account, event.taker_sequence)

    def _hold(self, order: FoldedOrder) -> int:
        market = self.settings.markets[order.market]
        if order.side == m.Side.ASK:
            return order.remaining * market.lot_atoms
        return order.price * order.remaining * market.unit

    def _rest(self, order: FoldedOrder, priority: int) -> None:
        assert order.may_rest, f"order {order.order_id} may not rest"
        order.priority = priority
        self.orders[order.order_id] = order
        self._list(order)
        market = self.settings.markets[order.market]
        market.book.add(order)
        atoms = self._hold(order)
        self.funds.move(order.account, market.held_asset(order.side), -atoms, atoms)
        self.touched.add(order.market)

    def _leave(self, order: FoldedOrder) -> None:
        del self.orders[order.order_id]
        self.settings.markets[order.market].book.remove(order)
        self._unlist(order)

    def _list(self, order: FoldedOrder) -> None:
        self.placed.setdefault(order.account, {})[order.order_id] = order
        if order.time_flags & m.ORDER_HAS_CLIENT_ID:
            key = order.account, order.client_id
            assert key not in self.clients, f"client id {key} rests twice"
            self.clients[key] = order.order_id

    def _unlist(self, order: FoldedOrder) -> None:
        del self.placed[order.account][order.order_id]
        if order.time_flags & m.ORDER_HAS_CLIENT_ID:
            del self.clients[order.account, order.client_id]

    def _end_command(self) -> None:
        """Check what must hold after every command."""
        self._end_order()
        self.triggers.end_command()
        for market in self.touched:
            assert not self.settings.markets[market].book.is_crossed(), f"I3: market {market}"
        self.touched.clear()

    def _end_order(self) -> None:
        """Check what must hold when an order has entered the market or was amended."""
        order, self.active = self.active, None
        if order is not None:
            rests = order.order_id in self.orders
            assert rests == (order.remaining > 0), "I9: neither filled, resting nor closed"
            self._answer(order, 0, closed=False)
            order.fills = 0

    def _answer(self, order: FoldedOrder, reason: int, closed: bool) -> None:
        if self.is_silent:
            return
        status = OrderStatus.EXPIRED
        if closed and reason == CloseReason.CANCELLED:
            status = OrderStatus.CANCELLED
        elif order.remaining == 0 or (closed and reason == CloseReason.FILLED):
            status = OrderStatus.FILLED
        elif not closed and order.trigger_price:
            status = OrderStatus.TRIGGER_PENDING
        elif not closed:
            status = OrderStatus.PARTIALLY_FILLED if order.executed else OrderStatus.NEW
        executed_quote = order.trigger_price or order.executed_quote
        numbers = (order.price, order.quantity, order.executed, executed_quote)
        identity = (order.order_id, order.account, order.market, order.client_id)
        self.answers.append((status, reason, *identity, *numbers, order.time_flags))

    def _compare_replies(self, replies: bytes) -> None:
        told = []
        for r in replies_of(replies):
            if r.status == OrderStatus.REJECTED:
                told.append((r.status, r.code, r.order_id, r.account, r.quantity))
            elif r.status not in NOT_ORDERS:
                identity = (r.order_id, r.account, r.market, r.client_id)
                numbers = (r.price, r.quantity, r.executed, r.executed_quote)
                told.append((r.status, r.code, *identity, *numbers, r.time_flags))
        assert told == self.answers, f"I9: replies {told} after events that mean {self.answers}"


ENTRY = int(EventKind.ENTRY)
BALANCE = int(EventKind.BALANCE)
FIRST_SETTING = int(EventKind.ASSET_SET)
PENDING = 2
"""CLOSED.rested of an order that waited for its trigger price."""
READERS = {
    EventKind.ENTRY: Fold._entry,
    EventKind.REJECTED: Fold._rejected,
    EventKind.ACCEPTED: Fold._accepted,
    EventKind.FILL: Fold._fill,
    EventKind.RESTED: Fold._rested,
    EventKind.CLOSED: Fold._closed,
    EventKind.AMENDED: Fold._amended,
    EventKind.BALANCE: Fold._balance,
    EventKind.TICKED: Fold._ticked,
    EventKind.TRANSFERRED: Fold._transferred,
    EventKind.ASSET_SET: Fold._setting,
    EventKind.MARKET_SET: Fold._setting,
    EventKind.TIER_SET: Fold._setting,
    EventKind.ACCOUNT_SET: Fold._setting,
    EventKind.KEY_SET: Fold._setting,
    EventKind.RULES_SET: Fold._setting,
    EventKind.ATTESTER_SET: Fold._setting,
    EventKind.REFERENCE_SET: Fold._reference_set,
    EventKind.TRIGGER_PLACED: Fold._trigger_placed,
    EventKind.TRIGGER_FAILED: Fold._trigger_failed,
    EventKind.TIMER_SET: Fold._timer_set,
    EventKind.WITHDRAWAL_SET: Fold._withdrawal_set,
    EventKind.NOTED: Fold._setting,
}
