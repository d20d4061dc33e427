"""A whole exchange in memory: log, bus and an engine in a thread, for tests of who reads it."""

import asyncio
import contextlib
import itertools
import threading

from truebook import commands
from truebook.api.send_and_await import CommandClient
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.memory import (
    MemoryBus,
    MemoryBusServer,
    MemoryLog,
    MemoryLogReader,
    MemoryLogServer,
    MemoryPublisher,
    MemorySubscription,
)
from truebook.commandlog.progress import Progress
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import OrderStatus, OrderType, Side
from truebook.node import Node

TRADERS = (1, 2)
FUNDS = 10**14


class InMemory:
    """Log, bus and engine; accounts 1 and 2 have plenty of every asset."""

    def __init__(self, folder):
        self.log = MemoryLogServer()
        self.bus = MemoryBusServer()
        self._folder = folder
        self._nodes = itertools.count(1)
        self._engines = contextlib.ExitStack()
        self.client = None

    def start_engine(self):
        """Put an engine to work."""
        self._engines.enter_context(self.engine())

    def stop_engine(self):
        """End it."""
        self._engines.pop_all().close()

    @contextlib.asynccontextmanager
    async def running(self):
        """With an engine at work, and the venue founded."""
        with self._engines:
            self.start_engine()
            self.client = await CommandClient.start(MemoryLog(self.log), MemoryBus(self.bus))
            try:
                await self._found()
                yield self
            finally:
                await self.client.close()

    @contextlib.contextmanager
    def engine(self):
        """An engine in a thread."""
        name = f"engine-{next(self._nodes)}"
        node = Node(
            name,
            NaiveEngine(),
            MemoryLogReader(self.log),
            MemoryPublisher(self.bus),
            MemorySubscription(self.bus, QUERIES_CHANNEL),
            Progress(self._folder / name, "1"),
        )
        thread = threading.Thread(target=node.run, args=(lambda: None,))
        thread.start()
        try:
            yield node.engine
        finally:
            node.stop()
            thread.join()
            node.close()

    async def _found(self):
        records = list(commands_of(DEFAULT_VENUE))
        records += [commands.set_account(name=f"trader {account}") for account in TRADERS]
        records += [
            commands.deposit(account=account, asset=asset, amount=FUNDS)
            for account in TRADERS
            for asset in range(4)
        ]
        replies = await self.send(b"".join(records), len(records))
        assert set(replies["status"].tolist()) == {OrderStatus.DONE}

    async def send(self, records, count=1):
        return (await self.client.send_and_await(records, count)).replies

    async def place(self, account, side, price, quantity, market=0, **options):
        """A limit order; its id."""
        order_id = self.client.next_order_id()
        options.setdefault("order_type", OrderType.LIMIT)
        records = commands.place(
            account=account,
            market=market,
            order_id=order_id,
            side=side,
            price=price,
            quantity=quantity,
            **options,
        )
        (reply,) = await self.send(records)
        assert reply["status"] != OrderStatus.REJECTED, reply
        return order_id

    async def trade(self, price, quantity, market=0):
        """Trader 1 sells to trader 2."""
        await self.place(1, Side.ASK, price, quantity, market)
        await self.place(2, Side.BID, price, quantity, market)

    def listen(self, channel):
        """Everything that is published there from now on."""
        heard = []
        self.bus.receivers.setdefault(channel, []).append(heard.append)
        return heard


async def until(condition, seconds=10.0):
    """Wait for something to become true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
