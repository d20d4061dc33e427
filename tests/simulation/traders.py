"""Traders, who know nothing of faults, and keep a diary of what they asked for and were told.

Promise: what a trader is told is written down as it was told. A request ends in one of the ways of
`Ending`; one whose end isn't known may be sent again, the same bytes under the same mark, as a
client with a signed request would.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from simulation.processes import Killed, Process

from truebook import commands
from truebook.asking import TimedOut
from truebook.commandlog.interface import LogUnavailable, Once, Position, UsedBefore
from truebook.messages import OrderType, SelfTrade, Side, TimeInForce, WithdrawalState

MARK_MS = 20_000
PRICE = 10_000
"""Ticks, about which everybody trades."""
THINK_S = 0.08


class Ending(Enum):
    DONE = "done"
    UNWRITTEN = "certainly not written"
    USED = "used before"
    UNKNOWN = "not known"
    LOST = "the gateway died"
    UNSENT = "nobody listened"
    UNHEARD = "the trader left"


@dataclass
class Attempt:
    """One time that a request was sent."""

    ending: Ending
    gateway: str
    asked_s: float
    ended_s: float
    position: Position | None = None
    replies: bytes = b""


@dataclass
class Page:
    """A request, and what became of it."""

    account: int
    what: str
    records: bytes
    is_unique: bool
    """Whether no other request can have the same bytes."""
    is_marked: bool
    attempts: list[Attempt] = field(default_factory=list)

    def ended(self, *endings):
        """The attempts that ended so."""
        return [attempt for attempt in self.attempts if attempt.ending in endings]


class Trader:
    """One account's."""

    def __init__(self, world, account, random):
        self.account = account
        self.pages = []
        self.process = Process(world, f"trader {account}", "trader")
        self._world = world
        self._random = random
        self._orders = []
        self._withdrawals = []
        self._serial = 0

    async def trade(self):
        """Ask for one thing after the other, until cancelled."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / THINK_S))
            gateway = self._some_gateway()
            if gateway is not None:
                await self._act(gateway)

    async def place_surely(self, gateway):
        """After everything is healed: an order through this gateway; the page."""
        return await self._send("place", self._place(gateway.exchange.next_order_id()), gateway)

    def _some_gateway(self):
        ready = [g for g in self._world.gateways if g.process.is_alive and g.exchange is not None]
        return self._random.choice(ready) if ready else None

    async def _act(self, gateway):
        what = self._random.choices(
            (
                "place",
                "cancel",
                "amend",
                "trigger",
                "deposit",
                "withdraw",
                "settle",
                "all",
                "timer",
            ),
            (50, 20, 8, 6, 5, 3, 2, 2, 2),
        )[0]
        order_id = gateway.exchange.next_order_id()
        account = self.account
        match what:
            case "place":
                records = self._place(order_id)
            case "trigger":
                records = self._trigger(order_id)
            case "cancel" | "amend" if self._orders:
                records = self._change(what)
            case "deposit":
                self._serial += 1
                reference = account.to_bytes(8, "little") + self._serial.to_bytes(8, "little")
                asset = self._random.randrange(2)
                records = commands.deposit(
                    account=account, asset=asset, amount=10**6, reference=reference
                )
            case "withdraw":
                self._withdrawals.append(order_id)
                amount = self._random.randrange(1, 10**8)
                records = commands.request_withdrawal(
                    account=account, asset=0, amount=amount, withdrawal_id=order_id
                )
            case "settle" if self._withdrawals:
                state = self._random.choice((WithdrawalState.CONFIRMED, WithdrawalState.REFUSED))
                records = commands.settle_withdrawal(
                    withdrawal_id=self._withdrawals.pop(0), state=state
                )
            case "all":
                records = commands.cancel_all(account=account)
            case "timer":
                timeout_ms = self._random.choice((0, 1_000))
                records = commands.cancel_after(account=account, timeout_ms=timeout_ms)
            case _:
                return
        await self._send(what, records, gateway)

    def _place(self, order_id):
        self._orders = [*self._orders, order_id][-20:]
        order_type = self._random.choices((OrderType.LIMIT, OrderType.MARKET), (9, 1))[0]
        is_limit = order_type == OrderType.LIMIT
        forces = (TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
        return commands.place(
            account=self.account,
            market=0,
            order_id=order_id,
            side=self._random.choice((Side.BID, Side.ASK)),
            order_type=order_type,
            price=PRICE + self._random.randrange(-12, 13) if is_limit else 0,
            quantity=self._random.randrange(1, 50),
            time_in_force=self._random.choices(forces, (8, 1, 1))[0],
            self_trade=self._random.choice((SelfTrade.REJECT_TAKER, SelfTrade.REJECT_MAKER)),
            client_id=self._random.choice((None, self._random.randrange(1, 9))),
            deadline_ms=self._random.choice((0, 0, 500)),
        )

    def _trigger(self, order_id):
        self._orders = [*self._orders, order_id][-20:]
        return commands.place_trigger(
            trigger_price=PRICE + self._random.randrange(-10, 11),
            account=self.account,
            market=0,
            order_id=order_id,
            side=self._random.choice((Side.BID, Side.ASK)),
            order_type=OrderType.MARKET,
            quantity=self._random.randrange(1, 20),
        )

    def _change(self, what):
        order_id = self._random.choice(self._orders)
        if what == "cancel":
            return commands.cancel(account=self.account, market=0, order_id=order_id)
        return commands.amend(
            account=self.account,
            market=0,
            order_id=order_id,
            price=PRICE + self._random.randrange(-12, 13),
            quantity=self._random.randrange(1, 50),
        )

    async def _send(self, what, records, gateway):
        """Send a request until its end is known, or one has had enough."""
        is_marked = self._random.random() < 0.8
        once = None
        if is_marked:
            until_ms = self._world.log.clock.now_ms() + MARK_MS
            once = Once(self._random.randbytes(16), until_ms)
        is_unique = what in ("place", "trigger", "deposit", "withdraw")
        page = Page(self.account, what, records, is_unique, is_marked)
        self.pages.append(page)
        while True:
            attempt = await self._attempt(page, gateway, once)
            self._world.trace(
                f"{self.process.name}: {what} by {gateway.name}: {attempt.ending.value}"
                f"{'' if attempt.position is None else f' at {attempt.position}'}"
            )
            is_open = attempt.ending in (Ending.UNKNOWN, Ending.LOST)
            if not (is_open and is_marked) or self._random.random() < 0.3:
                return page
            await asyncio.sleep(0.05)
            gateway = self._random.choice(self._world.gateways)

    async def _attempt(self, page, gateway, once):
        loop = self._world.loop
        attempt = Attempt(Ending.UNHEARD, gateway.name, loop.time(), 0.0)
        page.attempts.append(attempt)
        process = gateway.process
        stood_s = process.stood_still_s()
        task = gateway.request(page.records, 1, once)
        if task is None:
            attempt.ending = Ending.UNSENT
        else:
            await asyncio.wait([task])
            self._read(task, attempt)
            if attempt.ending is not Ending.LOST:
                waited_s = loop.time() - attempt.asked_s - (process.stood_still_s() - stood_s)
                self._world.observer.answered(page, waited_s)
        attempt.ended_s = loop.time()
        return attempt

    def _read(self, task, attempt):
        if task.cancelled():
            attempt.ending = Ending.LOST
            return
        match task.exception():
            case None:
                outcome = task.result()
                attempt.ending = Ending.DONE
                attempt.position = outcome.position
                attempt.replies = outcome.replies.tobytes()
            case TimedOut():
                attempt.ending = Ending.UNKNOWN
            case UsedBefore():
                attempt.ending = Ending.USED
            case LogUnavailable():
                attempt.ending = Ending.UNWRITTEN
            case Killed():
                attempt.ending = Ending.LOST
            case error:
                raise error
