"""Events and replies told in words; amounts in units, the shortest way."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from model.decoding import events_of, replies_of
from scenarios.script import ASSETS, Script

from truebook import messages as m
from truebook.engine.interface import Applied, Engine
from truebook.messages import (
    CloseReason,
    EntryStatus,
    EventKind,
    OrderStatus,
    OrderType,
    RejectCode,
)

SIDES = ("bid", "ask")
NAMES = tuple(ASSETS)
DECIMALS = tuple(ASSETS.values())


def number(amount: Fraction) -> str:
    """Return an exact decimal without trailing zeros."""
    sign, amount = ("-" if amount < 0 else ""), abs(amount)
    whole, rest = divmod(amount, 1)
    digits = f"{int(rest * 10**18):018}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def units(value: int) -> str:
    """Return lots as SOL, ticks as USDC."""
    return number(Fraction(value, 100))


def amount(atoms: int, asset: int) -> str:
    """Return atoms with their asset's name."""
    return f"{number(Fraction(atoms, 10 ** DECIMALS[asset]))} {NAMES[asset]}"


class Telling:
    """Tells what an engine said; knows which orders are by quote."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.by_quote: set[int] = set()

    def name(self, account: int) -> str:
        """Return whose account it is."""
        names = {number: name for name, number in self.script.accounts.items()}
        return names[account]

    def size(self, order_id: int, value: int) -> str:
        """Return an order's quantity: SOL, or USDC by quote."""
        return amount(value, 0) if order_id in self.by_quote else units(value)

    def lines(self, applied: Applied) -> Iterator[str]:
        """Yield what happened and what was answered."""
        for kind, event, _ in events_of(applied.events):
            line = self.event(EventKind(kind), event)
            if line:
                yield line
        for reply in replies_of(applied.replies):
            if reply.kind == m.CommandKind.CANCEL_ALL and reply.status == OrderStatus.DONE:
                yield f"answer: {reply.quantity} cancelled"
            elif reply.status not in (OrderStatus.REJECTED, OrderStatus.DONE):
                yield self.answer(reply)

    def answer(self, reply: Any) -> str:
        """Tell a reply about an order."""
        left = self.size(reply.order_id, reply.quantity)
        traded = f"{units(reply.executed)} of {left}"
        if reply.executed:
            traded += f", {amount(reply.executed_quote, 0)} traded"
        return f"answer: #{reply.order_id} {OrderStatus(reply.status).name}, {traded}"

    def event(self, kind: EventKind, e: Any) -> str:
        """Tell one event; "" if it says nothing to a reader."""
        if kind == EventKind.ENTRY:
            status = EntryStatus(e.status)
            return "" if status == EntryStatus.APPLIED else f"the entry is {status.name}"
        if kind == EventKind.REJECTED:
            other = f", #{e.other_id} has it" if e.other_id else ""
            return f"rejected: {RejectCode(e.code).name}{other}"
        if kind == EventKind.BALANCE:
            locked = f" and {amount(e.locked, e.asset).split()[0]} locked" if e.locked else ""
            return f"{self.name(e.account)}: {amount(e.available, e.asset)}{locked}"
        if kind == EventKind.TRANSFERRED:
            verb = "in" if e.command_kind == m.CommandKind.DEPOSIT else "out"
            return f"{amount(e.amount, e.asset)} {verb}"
        if kind == EventKind.TICKED:
            return f"tick {e.market_sequence}"
        return self.order_event(kind, e)

    def order_event(self, kind: EventKind, e: Any) -> str:
        """Tell what happened to an order."""
        if kind == EventKind.ACCEPTED:
            return self.accepted(e)
        if kind == EventKind.FILL:
            return self.fill(e)
        if kind == EventKind.RESTED:
            return f"#{e.order_id} rests with {units(e.remaining)}"
        if kind == EventKind.CLOSED:
            left = self.size(e.order_id, e.remaining)
            return f"#{e.order_id} closed: {CloseReason(e.reason).name}, {left} left"
        if kind == EventKind.AMENDED:
            place = "enters again" if e.mode == m.AMENDED_REENTERS else "keeps its place"
            numbers = f"{units(e.quantity)} at {units(e.price)}"
            return f"#{e.order_id} amended: {numbers}, {place}, {units(e.remaining)} left"
        return ""

    def accepted(self, e: Any) -> str:
        """Tell an ACCEPTED event."""
        order_type = e.time_flags >> m.ORDER_TYPE_SHIFT & 3
        if order_type == OrderType.MARKET_BY_QUOTE:
            self.by_quote.add(e.order_id)
        limit = "at" if order_type == OrderType.LIMIT else "at market, no further than"
        rests = ", rests" if e.flags & m.ACCEPTED_RESTS else ""
        size = self.size(e.order_id, e.quantity)
        return f"#{e.order_id} accepted: {SIDES[e.side]} {size} {limit} {units(e.price)}{rests}"

    def fill(self, e: Any) -> str:
        """Tell a FILL event."""
        verb = "sells to" if e.side else "buys from"
        trade = f"{units(e.quantity)} at {units(e.price)}"
        maker_asset, taker_asset = (1, 0) if e.side else (0, 1)
        fees = f"fees {amount(e.maker_fee, maker_asset)}, {amount(e.taker_fee, taker_asset)}"
        parties = f"#{e.taker_order_id} {verb} #{e.maker_order_id}"
        return f"trade {e.trade_id}: {parties} {trade}, maker and taker {fees}"


def show(script: Script, engine: Engine, what: str) -> Iterator[str]:
    """Yield what can be seen at rest: the book, or somebody's balances and orders."""
    if what == "book":
        bids, asks = engine.depth(0)
        for name, levels in (("ask", asks[::-1]), ("bid", bids)):
            yield from (f"{name} {units(int(lots))} at {units(int(p))}" for p, lots in levels)
        if not len(bids) + len(asks):
            yield "nothing"
        return
    account = script.accounts[what]
    for asset in range(len(ASSETS)):
        balance = engine.balance(account, asset)
        locked = f" and {amount(balance.locked, asset).split()[0]} locked"
        yield f"{amount(balance.available, asset)}{locked if balance.locked else ''}"
    for order in engine.open_orders(account):
        side = SIDES[order.time_flags & 1]
        left = f"{units(order.remaining)} of {units(order.quantity)}"
        yield f"#{order.order_id} {side} {left} at {units(order.price)}"
