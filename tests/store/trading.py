"""A venue under version 2 of the rules, traded at random: triggers, timers, withdrawals, notes."""

import random
import struct

from model.world import ACCOUNTS

from truebook import commands
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import GENESIS, EventEntry, LogEntry, Position, Tail
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import (
    COMMAND_BYTES,
    CancelFlag,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    Timer,
    WithdrawalState,
    note_parts,
)

MARKETS = (0, 2)
REFERENCE_TICKS = {0: 10_000, 2: 300_000}


class Trading:
    """A log that grows by random entries; `entries` is its event stream."""

    def __init__(self, seed: int) -> None:
        self.engine = NaiveEngine()
        self.entries: list[EventEntry] = []
        self.dice = random.Random(seed)
        self.time_ms = 1_795_000_000_000
        self._sequence = 0
        self._order_id = 100
        self._withdrawal_id = 0
        self._tail = Tail(GENESIS, START)
        # What was set before the rules had a second version counts as set after it, or not.
        self.apply(commands.set_tier(tier=3, maker_bp=0, taker_bp=0))
        self.apply(commands.set_tier(tier=4, maker_bp=1, taker_bp=2))
        self.apply(commands.set_account(name="old", tier=5))
        self.apply(commands.set_rules(2))
        self.apply(b"".join(commands_of(DEFAULT_VENUE)))
        for number in range(1, ACCOUNTS):
            self.apply(noted(f"account {number}", commands.set_account(name=f"a{number}")))
        for account in range(1, ACCOUNTS + 1):
            for asset, amount in ((0, 10**12), (1, 10**13), (3, 10**12)):
                self.apply(commands.deposit(account=account, asset=asset, amount=amount))
        self.apply(
            commands.set_attester(slot=3, public_key=bytes(range(32)), name="one", trusted=True)
        )

    def apply(self, records: bytes, reached_ms: int = 0) -> None:
        """One entry, and its events."""
        self._sequence += 1
        position = Position(self._sequence, 0)
        entry = LogEntry(position, self.time_ms, pack_entry(1, self._sequence, records))
        header = bytearray(for_engine(entry))
        struct.pack_into("<q", header, 32, reached_ms)
        events = self.engine.apply(bytes(header)).events
        event_hash = extend(self._tail.event_hash, position, events)
        self.entries.append(EventEntry(position, self._tail.position, events, b"", event_hash))
        self._tail = Tail(position, event_hash)

    def go_on(self, entries: int) -> list[EventEntry]:
        """So many entries more."""
        known = len(self.entries)
        for _ in range(entries):
            self.time_ms += self.dice.choice((0, 1, 3, 40))
            records = b"".join(self.command() for _ in range(self.dice.randrange(1, 5)))
            is_late = self.dice.random() < 0.04
            self.apply(records, self.time_ms + 60_000 if is_late else 0)
        return self.entries[known:]

    def command(self) -> bytes:
        dice = self.dice
        account = dice.randrange(1, ACCOUNTS + 1)
        make = dice.choices(
            (self.place, self.trigger, self.cancel, self.amend, self.money, self.other),
            (40, 25, 8, 8, 4, 3),
        )[0]
        return make(account)

    def place(self, account: int, **more: int) -> bytes:
        return commands.place(**self.order(account), **more)

    def order(self, account: int) -> dict[str, object]:
        dice = self.dice
        self._order_id += 1
        market = dice.choice(MARKETS)
        middle = REFERENCE_TICKS[market]
        order_type = dice.choices(list(OrderType), (6, 3, 1))[0]
        is_limit = order_type is OrderType.LIMIT
        by_quote = order_type is OrderType.MARKET_BY_QUOTE
        order = {
            "account": account,
            "market": market,
            "order_id": self._order_id,
            "side": dice.choice(list(Side)),
            "order_type": order_type,
            "quantity": dice.randrange(1, 10**8) if by_quote else dice.randrange(1, 400),
            "price": round(middle * dice.uniform(0.97, 1.03)) if is_limit else 0,
            "self_trade": dice.choice(list(SelfTrade)),
            "client_id": dice.randrange(2**32) if dice.random() < 0.3 else None,
        }
        if is_limit and dice.random() < 0.1:
            order["time_in_force"] = dice.choice(list(TimeInForce))
        elif is_limit and dice.random() < 0.1:
            order["post_only"] = True
        elif not is_limit and dice.random() < 0.5:
            order[dice.choice(("slippage_ticks", "slippage_bp"))] = dice.randrange(50)
        return order

    def trigger(self, account: int) -> bytes:
        order = self.order(account)
        reached = REFERENCE_TICKS[order["market"]] * self.dice.uniform(0.98, 1.02)
        more = {"trigger_price": round(reached)}
        if order["order_type"] is not OrderType.MARKET_BY_QUOTE and self.dice.random() < 0.3:
            del order["quantity"]
            # More than anybody has left in lots that are allowed, or next to nothing, fails.
            more["percent_bp"] = self.dice.choice((1, 500, 10_000))
        return commands.place_trigger(**order, **more)

    def cancel(self, account: int) -> bytes:
        dice = self.dice
        if dice.random() < 0.1:
            return commands.cancel_all(account=account, flags=dice.choice(list(CancelFlag)))
        if dice.random() < 0.2:
            timer, timeout_ms = dice.choice(list(Timer)), dice.choice((0, 1, 50, 500))
            return commands.cancel_after(account=account, timer=timer, timeout_ms=timeout_ms)
        orders = self.engine.open_orders(account)
        order_id = dice.choice(orders).order_id if orders else 1
        return commands.cancel(account=account, order_id=order_id)

    def amend(self, account: int) -> bytes:
        orders = [o for o in self.engine.open_orders(account) if not o.trigger_price]
        if not orders:
            return commands.tick(0)
        order = self.dice.choice(orders)
        price = order.price + self.dice.choice((0, 0, -20, 20))
        quantity = max(1, order.quantity + self.dice.randrange(-30, 30))
        return commands.amend(
            account=account, order_id=order.order_id, price=price, quantity=quantity
        )

    def money(self, account: int) -> bytes:
        dice = self.dice
        choice = dice.randrange(4)
        if choice == 0:
            reference = struct.pack("<2Q", dice.randrange(1, 40), 1)
            deposit = commands.deposit(account=account, asset=0, amount=10**6, reference=reference)
            return noted('{"why": "wire"}', deposit)
        if choice == 1:
            self._withdrawal_id += 1
            text = f'{{"clientId": {self._withdrawal_id}, "address": "somewhere"}}'
            asked = {"account": account, "asset": 0, "amount": dice.randrange(1, 10**7)}
            return noted(
                text, commands.request_withdrawal(withdrawal_id=self._withdrawal_id, **asked)
            )
        if choice == 2 and (pending := self.engine.pending_withdrawals()):
            state = dice.choice((WithdrawalState.CONFIRMED, WithdrawalState.REFUSED))
            settled = commands.settle_withdrawal(
                withdrawal_id=dice.choice(pending).withdrawal_id, state=state
            )
            return noted("seen by two", settled) if dice.random() < 0.5 else settled
        return commands.withdraw(account=account, asset=0, amount=1)

    def other(self, account: int) -> bytes:
        dice = self.dice
        if dice.random() < 0.2:
            return noted("more " * 30, commands.set_tier(tier=6, maker_bp=1, taker_bp=1))
        return commands.tick(*MARKETS) if dice.random() < 0.5 else commands.recovery(after=(1, 0))


def noted(text: str, records: bytes) -> bytes:
    """Commands and a note on all of them."""
    return b"".join(note_parts(text, len(records) // COMMAND_BYTES)) + records
