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
    Timer,
    WithdrawalState,
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
        self.shares: set[int] = set()
        """Pending orders whose quantity is a part of what there will be."""

    def name(self, account: int) -> str:
        """Return whose account it is."""
        names = {number: name for name, number in self.script.accounts.items()}
        return names[account]

    def size(self, order_id: int, value: int) -> str:
        """Return an order's quantity: SOL, or USDC by quote, or a part."""
        if order_id in self.shares:
            return f"{units(value)} %"
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
        if reply.executed_quote and not reply.executed:
            trigger = units(reply.executed_quote)
            return f"answer: #{reply.order_id} {OrderStatus(reply.status).name}, trigger {trigger}"
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
        if kind == EventKind.TIMER_SET:
            return self.timer_set(e)
        if kind == EventKind.WITHDRAWAL_SET:
            state = WithdrawalState(e.state).name
            return f"withdrawal {e.withdrawal_id} {state}: {amount(e.amount, e.asset)}"
        if kind == EventKind.NOTED:
            text = (e.text_1 + e.text_2 + e.text_3).rstrip(b"\0").decode()
            return f"noted, part {e.part + 1} of {e.parts}: {text}"
        if kind == EventKind.RULES_SET:
            return f"the rules are version {e.version} from here on"
        if kind == EventKind.REFERENCE_SET:
            return f"reference {int.from_bytes(e.reference[8:], 'little')} counts no more"
        return self.order_event(kind, e)

    def timer_set(self, e: Any) -> str:
        """Tell a TIMER_SET event."""
        name = f"{self.name(e.account)}'s {Timer(e.timer).name} timer"
        if e.command == m.NO_COMMAND:
            return f"{name} runs out"
        return f"{name} is set" if e.expires_ms else f"{name} is off"

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
            self.shares.discard(e.order_id)
            return f"#{e.order_id} closed: {CloseReason(e.reason).name}, {left} left"
        if kind == EventKind.AMENDED:
            place = "enters again" if e.mode == m.AMENDED_REENTERS else "keeps its place"
            numbers = f"{units(e.quantity)} at {units(e.price)}"
            return f"#{e.order_id} amended: {numbers}, {place}, {units(e.remaining)} left"
        if kind == EventKind.TRIGGER_PLACED:
            return self.trigger_placed(e)
        if kind == EventKind.TRIGGER_FAILED:
            self.shares.discard(e.order_id)
            return f"#{e.order_id} fires and fails: {RejectCode(e.code).name}"
        return ""

    def trigger_placed(self, e: Any) -> str:
        """Tell a TRIGGER_PLACED event."""
        order_type = e.time_flags >> m.ORDER_TYPE_SHIFT & 3
        if order_type == OrderType.MARKET_BY_QUOTE:
            self.by_quote.add(e.order_id)
        if e.time_flags & m.ORDER_PERCENT:
            self.shares.add(e.order_id)
        way = "or above" if e.time_flags & m.ORDER_RISES else "or below"
        limit = f"at {units(e.price)}" if order_type == OrderType.LIMIT else "at market"
        size = self.size(e.order_id, e.quantity)
        wait = f"waits for {units(e.trigger_price)} {way}"
        return f"#{e.order_id} {wait}: {SIDES[e.side]} {size} {limit}"

    def accepted(self, e: Any) -> str:
        """Tell an ACCEPTED event."""
        order_type = e.time_flags >> m.ORDER_TYPE_SHIFT & 3
        if order_type == OrderType.MARKET_BY_QUOTE:
            self.by_quote.add(e.order_id)
        limit = "at" if order_type == OrderType.LIMIT else "at market, no further than"
        rests = ", rests" if e.flags & m.ACCEPTED_RESTS else ""
        self.shares.discard(e.order_id)
        size = self.size(e.order_id, e.quantity)
        verb = "fires" if e.flags & m.ACCEPTED_TRIGGERED else "accepted"
        return f"#{e.order_id} {verb}: {SIDES[e.side]} {size} {limit} {units(e.price)}{rests}"

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
        if order.trigger_price:
            yield f"#{order.order_id} {side} waits for {units(order.trigger_price)}"
            continue
        left = f"{units(order.remaining)} of {units(order.quantity)}"
        yield f"#{order.order_id} {side} {left} at {units(order.price)}"
