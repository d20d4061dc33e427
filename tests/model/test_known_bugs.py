"""Proof of the proof: bugs that exchanges have had, put back one by one, are each noticed.

A bug goes into the twin; the fold of its own events must object, without any second engine.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from model.commands import Commands
from model.engines import naive
from model.fold import Fold
from model.invariants import check_engine

from truebook.engine.naive import amending, engine, entering, ledger, matching, placing, trading
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
}


def run() -> None:
    """Run commands until something objects."""
    engine_with_bug, fold = naive(), Fold()
    for number, entries in enumerate(Commands(7).inputs(COMMANDS, 16)):
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
