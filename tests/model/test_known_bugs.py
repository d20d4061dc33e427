"""Proof of the proof: bugs that exchanges have had, put back one by one, are each noticed.

A bug goes into the twin; the fold of its own events must object, without any second engine.
"""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from model.commands import Commands
from model.engines import naive
from model.fold import Fold
from model.invariants import check_engine

from truebook.engine.naive import (
    amending,
    configuring,
    engine,
    entering,
    ledger,
    matching,
    placing,
    timers,
    trading,
    triggers,
)
from truebook.engine.naive.book import LinkedList, ListNode, Order, OrderBookSide
from truebook.engine.naive.fok import Scan
from truebook.engine.naive.journal import Journal
from truebook.engine.naive.ledger import Ledger
from truebook.engine.naive.settings import Account, Market
from truebook.engine.naive.state import State
from truebook.messages import EntryStatus, Side

COMMANDS = 12_000


class AnyMode:
    """Equal to every self-trade mode."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0


def push_head(self: LinkedList, node: ListNode) -> None:
    node.next = self.head
    if self.head is None:
        self.tail = node
    else:
        self.head.prev = node
    self.head = node
    self.length += 1


def add_worst_first(self: OrderBookSide, order: Order) -> None:
    original_add(self, order)
    self.price_levels.sort(reverse=not self.is_bid)


original_add = OrderBookSide.add


def leave_ghost_levels(self: OrderBookSide, order_id: int) -> None:
    price, node = self.order_map.pop(order_id)
    self.level_map[price].remove(node)


def forget_the_release(self: State, order: Order) -> None:
    hold = self.ledger.release
    Ledger.release = lambda *_: None
    try:
        original_unrest(self, order)
    finally:
        Ledger.release = type(self.ledger).original_release
    assert hold


Ledger.original_release = Ledger.release
original_unrest = State.unrest


def fill_maker_without_end(market: Market, order: Order, price: int, lots: int) -> None:
    order.executed_qty += lots
    order.executed_quote += market.value(price, lots)


def keep_the_improvement(self: Ledger, account: int, asset: int, atoms: int) -> None:
    self._move(account, asset, -atoms - atoms // 50, 0)


def always_apply(self: engine.NaiveEngine, header: Any, is_cut: bool) -> EntryStatus:
    return EntryStatus.MALFORMED if is_cut else EntryStatus.APPLIED


def fee_without_bound(self: Ledger, account: int, asset: int, atoms: int, rate_bp: int) -> int:
    charged = ledger.fee(atoms, rate_bp)
    self._move(account, asset, atoms - charged, 0)
    self._move(0, asset, charged, 0)
    return charged


def credit_twice(self: Ledger, account: int, asset: int, atoms: int) -> None:
    self.supply[asset] = self.supply.get(asset, 0) + atoms
    self._move(account, asset, 2 * atoms, 0)


def trade_beyond_the_limit(order: Order, price: int | None) -> bool:
    return price is not None and abs(price - order.price) < 3 + abs(order.price)


def cross_less_often(order: Order, price: int | None) -> bool:
    if price is None:
        return False
    return price < order.price if order.side == Side.BID else price > order.price


def no_check(*_: object) -> int:
    return 0


def fire_the_last(state: State, market: Market) -> Order | None:
    """The order that should fire last of those that one look finds."""
    reached = []
    while order := original_next(state, market):
        reached.append(state.pending.pop(order.id))
    state.pending.update((order.id, order) for order in reached)
    return reached[-1] if reached else None


original_next = triggers.next_reached


def reach_the_last(self: Market, price: int) -> None:
    self.reached = price, price


def hold_for_a_trigger(self: State, order: Order) -> None:
    original_suspend(self, order)
    asset = self.markets[order.market].held_asset(order.side)
    self.ledger.hold(order.user_id, asset, min(1, self.ledger.available(order.user_id, asset)))


original_suspend = State.suspend


def fire_twice(state: State, journal: Journal, market: Market, order: Order) -> None:
    original_fire(state, journal, market, order)
    if order.id not in state.orders:
        journal.accepted(order, 2)


original_fire = triggers.place_reached


def part_of_everything(state: State, market: Market, order: Order) -> int:
    funds = state.ledger.balances.get((order.user_id, market.held_asset(order.side)))
    total = funds.available + funds.locked if funds else 0
    each = market.value(order.price, 1) if order.side == Side.BID else market.lot_atoms
    return total * order.original_qty // 10_000 // each if each else 0


def forget_in_the_list(self: State, order: Order) -> None:
    del self.pending[order.id]


def an_hour_early(state: State) -> list[tuple[int, int, int]]:
    return [(when - 3_600_000, *whose) for when, *whose in original_order(state)]


original_order = timers.in_order


class NeverGone(dict[int, Any]):
    """Keeps what is taken out."""

    def pop(self, key: int, default: Any = None) -> Any:
        return self.get(key, default)


NEVER_GONE = NeverGone()


def release_nothing_of_withdrawals(self: Ledger, account: int, asset: int, atoms: int) -> None:
    called_by = sys._getframe(1).f_code.co_name
    if called_by != "settle_withdrawal":
        self._move(account, asset, atoms, -atoms)


BUGS: dict[str, tuple[object, str, Any]] = {
    "a fee is dropped": (ledger, "fee", lambda atoms, rate: 0),
    "a fee is rounded down": (ledger, "fee", lambda atoms, rate: atoms * rate // 10_000),
    "a rebate is paid from nothing": (Ledger, "receive", fee_without_bound),
    "a release is skipped": (State, "unrest", forget_the_release),
    "last in, first out in a level": (LinkedList, "push_tail", push_head),
    "the worst price trades first": (OrderBookSide, "add", add_worst_first),
    "empty levels stay": (OrderBookSide, "remove", leave_ghost_levels),
    "a partly filled order is never used up": (trading, "note_execution", fill_maker_without_end),
    "price improvement is kept": (Ledger, "spend_available", keep_the_improvement),
    "a cancel releases the other asset": (
        Market,
        "held_asset",
        lambda self, side: self.settings.base if side == Side.BID else self.settings.quote,
    ),
    "an account trades with itself": (matching, "SelfTrade", SimpleNamespace(ALLOW=AnyMode())),
    "sequences of gateways are forgotten": (engine.NaiveEngine, "_status_of", always_apply),
    "private updates repeat a number": (Account, "next_sequence", lambda self: self.sequence),
    "market updates repeat a number": (Market, "next_sequence", lambda self: self.sequence),
    "a deposit counts twice": (Ledger, "deposit", credit_twice),
    "a limit is not kept": (matching, "within", trade_beyond_the_limit),
    "the book stays crossed": (entering, "within", cross_less_often),
    "fill or kill fills a part": (entering, "scan", lambda *_: Scan.FILLS),
    "funds are not checked": (entering, "funds_fault", no_check),
    "an amendment is not paid for": (amending, "reentry_fault", no_check),
    "post-only takes": (entering, "crossing_fault", no_check),
    "duplicates of an id rest": (placing, "identity_fault", no_check),
    "immediate or cancel rests": (matching, "rests_if_unfilled", lambda order: True),
    "a balance is not told": (Journal, "balances", no_check),
    "triggers fire from the highest up": (triggers, "next_reached", fire_the_last),
    "a trigger that was reached waits on": (triggers, "next_reached", lambda *_: None),
    "triggers look at the last price alone": (Market, "reach", reach_the_last),
    "a trigger holds funds": (State, "suspend", hold_for_a_trigger),
    "a trigger fires twice": (triggers, "place_reached", fire_twice),
    "a trigger waits for the wrong direction": (triggers, "rises", lambda *_: True),
    "a part is counted from too much": (triggers, "lots_of_part", part_of_everything),
    "a fired order answers": (Journal, "is_silent", property(lambda _: False, no_check)),
    "a cancelled trigger is still there": (State, "resume", forget_in_the_list),
    "timers never run out": (engine, "run_out", no_check),
    "timers run out too early": (timers, "in_order", an_hour_early),
    "a timer that ran out leaves orders": (timers, "close", no_check),
    "a refused withdrawal is gone": (Ledger, "release", release_nothing_of_withdrawals),
    "a confirmed withdrawal is not taken out": (Ledger, "withdraw_locked", Ledger.release),
    "a withdrawal is settled twice": (
        State,
        "withdrawals",
        property(lambda _: NEVER_GONE, no_check),
    ),
    "a deposit's reference is forgotten": (
        State,
        "references",
        property(lambda _: set(), no_check),
    ),
    "a version that nobody knows is followed": (configuring, "RULES_VERSION_MAX", 3),
}


def run() -> None:
    """Run commands until something objects."""
    engine_with_bug, fold = naive(), Fold()
    for number, entries in enumerate(Commands(7, rules=2).inputs(COMMANDS, 16)):
        fold.read(*engine_with_bug.apply(entries))
        if number % 16 == 0:
            check_engine(fold, engine_with_bug)


@pytest.mark.parametrize("bug", BUGS)
def test_a_known_bug_is_noticed(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*BUGS[bug])
    with pytest.raises((AssertionError, IndexError, KeyError, RecursionError)):
        run()


def test_without_a_bug_nothing_is_noticed() -> None:
    run()
