"""Readers of the streams: one keeps the book from depth updates, one an account's private updates.

Promise: each does what docs/streams.md tells clients to do, and fails the seed at the first gap or
repeat that it wasn't told of by the loss of its own connection.
"""

import asyncio
import json
from decimal import Decimal

from simulation.bus_server import SimulatedBus
from simulation.processes import Process

from truebook.api.streams import Updates
from truebook.asking import Asker, Horizon, TimedOut
from truebook.commandlog.interface import NOTES_OWNER
from truebook.feed.channels import depth_channel, updates_channel
from truebook.ws.numbering import Numbering
from truebook.ws.tasks import Tasks

SYMBOL = "SOL_USDC"


class DepthReader:
    """Keeps the levels of a market."""

    def __init__(self, world):
        self.process = Process(world, "depth reader", "reader")
        self.levels = None
        """Sides of price: quantity, in decimals; None: not known."""
        self.last = 0
        """The number of the last update in them."""
        self._world = world
        self._early = []
        self._heard = None
        self._feed = None
        """Whose the last update or the levels were."""
        self._asker = None
        self._loading = None

    async def read(self):
        """Begin."""
        bus = SimulatedBus(self.process, self._world.bus)
        self._asker = await Asker.start(bus, "depth reader", Horizon())
        bus.on_reconnect(self._lost)
        await bus.subscribe(depth_channel(SYMBOL), self._hear)
        self._lost()

    def _lost(self):
        """Updates may have been missed: begin anew."""
        self.levels = self._heard = None
        self._early.clear()
        if self._loading is not None:
            self._loading.cancel()
        self._loading = asyncio.create_task(self._load())

    def _hear(self, message):
        update = json.loads(message)
        if self._heard is not None and update["U"] != self._heard + 1:
            self._find_gap(self._heard + 1, update["U"])
        self._heard, self._feed = update["u"], self._present_feed()
        if self.levels is None:
            self._early.append(update)
        else:
            self._apply(update)

    def _find_gap(self, expected, found):
        """A restarted feed can't know where an order stood that was there before it and moved
        while it was away, nor what stood in events that the bus has lost before they were told:
        then, and only then, its updates begin anew, and readers load again."""
        observer, is_another = self._world.observer, self._feed != self._present_feed()
        moved = any(expected <= number < found for number in observer.moved)
        if found > expected and (moved or (is_another and observer.is_gone(expected))):
            self._lost()
        else:
            self._world.fail(AssertionError(f"I11: depth goes on at {found}, not at {expected}"))

    def _present_feed(self):
        return self._world.bus.notes.get(NOTES_OWNER)

    async def _load(self):
        while True:
            try:
                answer = await self._asker.ask("depth", market=0)
            except TimedOut:
                continue
            snapshot = json.loads(answer.body)
            last = int(snapshot["lastUpdateId"])
            if self._early and self._early[0]["U"] > last + 1:
                await asyncio.sleep(0.05)
                continue
            break
        self.last = last
        self.levels = tuple(
            {Decimal(price): Decimal(size) for price, size in snapshot[side]}
            for side in ("bids", "asks")
        )
        early, self._early = self._early, []
        for update in early:
            if self.levels is not None:
                self._apply(update)

    def _apply(self, update):
        if update["u"] <= self.last:
            return
        if update["U"] > self.last + 1:
            # The first one after the levels: a feed that had told nothing yet is gone.
            self._lost()
            return
        for levels, side in zip(self.levels, "ba", strict=True):
            for price, quantity in update[side]:
                if Decimal(quantity):
                    levels[Decimal(price)] = Decimal(quantity)
                else:
                    levels.pop(Decimal(price), None)
        self.last = update["u"]


class PrivateReader:
    """Hears the order updates of one account."""

    def __init__(self, world, account):
        self.process = Process(world, f"reader of account {account}", "reader")
        self.account = account
        self.numbering = None
        self.told = {}
        """Texts by number."""
        self.failures = 0
        self._world = world

    async def read(self):
        """Begin."""
        bus = SimulatedBus(self.process, self._world.bus)
        asker = await Asker.start(bus, f"reader {self.account}", Horizon())
        channel = updates_channel(self.account)
        tasks = Tasks()
        self.numbering = Numbering(channel, Updates(asker), self._deliver, self._fail, tasks)
        bus.on_reconnect(self.numbering.check)
        await bus.subscribe(channel, self.numbering.receive)
        self.numbering.begin()
        await tasks.failure

    def _deliver(self, number, text):
        if self.told and number != max(self.told) + 1 and not self.failures:
            self._world.fail(
                AssertionError(f"I11: update {number} of account {self.account} after another")
            )
        known = self.told.setdefault(number, bytes(text))
        if known != text:
            self._world.fail(AssertionError(f"update {number} is told in two ways"))

    def _fail(self, reason):
        """A session would be closed, and its client come again."""
        self._world.trace(f"{self.process.name} begins anew: {reason}")
        self.failures += 1
        self.process.call_later(0.1, self.numbering.begin)
