"""The feed is killed again and again while others trade: who reads it can always go on."""

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
from decimal import Decimal

from venue.inmemory import until

from truebook import commands
from truebook.api.connect import connected
from truebook.asking import Asker, Horizon
from truebook.commandlog.server import start_bus_server, start_log_server
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.feed.channels import read_numbered
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import OrderStatus, OrderType, Side
from truebook.units import show

FEED_MS_MAX = 30_000
"""A feed that was killed has to start first, on a machine that may be busy."""
KILLS = 3
TRADERS = (1, 2)
FUNDS = 10**14
DEPTHS = ("depth.SOL_USDC", "depth.200ms.SOL_USDC")


class Roles:
    """Log, bus, and role processes on them."""

    def __init__(self, data):
        self.data = data
        self.log = start_log_server(data / "log")
        self.bus = start_bus_server(data / "bus")
        self._processes = []

    def start(self, *arguments):
        command = [sys.executable, "-m", "truebook", *arguments, "--data", str(self.data)]
        urls = {"TRUEBOOK_LOG_URL": self.log.url, "TRUEBOOK_BUS_URL": self.bus.url}
        output = (self.data / "roles.log").open("ab")
        process = subprocess.Popen(
            command, env=os.environ | urls, stdout=output, stderr=subprocess.STDOUT
        )
        output.close()
        self._processes.append(process)
        return process

    def stop(self):
        for process in self._processes:
            process.kill()
            process.wait()
        self.log.stop()
        self.bus.stop()


class Book:
    """A book as a client keeps it: updates, and a snapshot where a number is missing."""

    def __init__(self, asker):
        self._asker = asker
        self.sequence = -1
        self.bids, self.asks = {}, {}
        self.snapshots = 0
        self.waiting = []

    async def read(self):
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            update = json.loads(message)
            if update["u"] <= self.sequence:
                continue
            if update["U"] > self.sequence + 1:
                await self._heal()
                if update["u"] <= self.sequence:
                    continue
            assert update["U"] <= self.sequence + 1
            self.sequence = update["u"]
            for side, levels in ((self.bids, update["b"]), (self.asks, update["a"])):
                for price, lots in levels:
                    side[price] = lots
                    if lots == "0":
                        del side[price]

    async def _heal(self):
        answer = await self._asker.ask("depth", market=0, timeout_ms=FEED_MS_MAX)
        snapshot = json.loads(answer.body)
        self.sequence = int(snapshot["lastUpdateId"])
        self.bids, self.asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        self.snapshots += 1


class Updates:
    """An account's updates as the websocket server keeps them: what is missed is asked for."""

    def __init__(self, asker, account):
        self._asker = asker
        self._account = account
        self.sequence = 0
        self.texts = []
        self.waiting = []

    async def read(self):
        waiting, self.waiting = self.waiting, []
        for message in waiting:
            number, text = read_numbered(message)
            if number > self.sequence and (number > self.sequence + 1 or not text):
                answer = await self._asker.ask(
                    "updates", self._account, sequence=self.sequence, timeout_ms=FEED_MS_MAX
                )
                self.texts += answer.messages
                self.sequence = answer.sequence
            elif number > self.sequence:
                self.texts.append(text)
                self.sequence = number


async def found(exchange):
    records = list(commands_of(DEFAULT_VENUE))
    records += [commands.set_account(name=f"trader {account}") for account in TRADERS]
    records += [
        commands.deposit(account=account, asset=asset, amount=FUNDS)
        for account in TRADERS
        for asset in range(4)
    ]
    outcome = await exchange.send_and_await(b"".join(records), len(records), None)
    assert set(outcome.replies["status"].tolist()) == {OrderStatus.DONE}


async def trade(exchange, stopped):
    """Orders and cancellations at a few prices, until told to stop."""
    dice, resting = random.Random(1), []
    while not stopped.is_set():
        order_id = exchange.next_order_id()
        records = commands.place(
            account=dice.choice(TRADERS),
            market=0,
            order_id=order_id,
            side=dice.choice(list(Side)),
            order_type=OrderType.LIMIT,
            price=10_000 + dice.randrange(-20, 21),
            quantity=dice.randrange(1, 500),
        )
        await exchange.send_and_await(records, 1, None)
        resting.append(order_id)
        if len(resting) > 50:
            for account in TRADERS:
                records = commands.cancel(account=account, order_id=resting[0])
                await exchange.send_and_await(records, 1, None)
            del resting[0]


async def play(roles):
    roles.start("engine", "--engine", "naive")
    roles.start("store")
    feed = roles.start("feed")
    bus = ValkeyBus(roles.bus.url)
    async with connected(roles.log.url, roles.bus.url) as exchange:
        await found(exchange)
        asker = await Asker.start(bus, "a test's answers", Horizon())
        books = {channel: Book(asker) for channel in DEPTHS}
        updates = Updates(asker, TRADERS[0])
        trades = []
        for channel, book in books.items():
            await bus.subscribe(channel, lambda message, book=book: book.waiting.append(message))
        await bus.subscribe("account.orderUpdate.1", lambda text: updates.waiting.append(text))
        await bus.subscribe("trade.SOL_USDC", lambda text: trades.append(json.loads(text)))
        await asker.ask("updates", TRADERS[0])
        stopped = asyncio.Event()
        trading = asyncio.create_task(trade(exchange, stopped))
        for _ in range(KILLS):
            heard = len(trades)
            await until(lambda heard=heard: len(trades) > heard + 20, 30)
            feed.kill()
            feed.wait()
            feed = roles.start("feed")
            for reader in (*books.values(), updates):
                await reader.read()
        stopped.set()
        await trading
        engine = await exchange.ask("book", market=0)
        await compare(exchange, engine, books, updates)
        # What the database tells of it all is what was told as it happened, byte by byte.
        assert (await asker.ask("updates", TRADERS[0], sequence=0)).messages == updates.texts
        assert [trade["t"] for trade in trades] == list(range(1, len(trades) + 1))
        assert len(trades) == engine.figures[1]
        await compare_ticker(asker, trades)
        feed.terminate()
        assert feed.wait() == 0
    await bus.close()


async def compare(exchange, engine, books, updates):
    """Once everything has arrived, books and updates are the engine's."""
    orders = await exchange.ask("orders", TRADERS[0])
    async with asyncio.timeout(30):
        while updates.sequence < orders.sequence:
            await updates.read()
            await asyncio.sleep(0.01)
        while any(book.sequence < engine.figures[0] for book in books.values()):
            for book in books.values():
                await book.read()
            await asyncio.sleep(0.01)
    assert [json.loads(text)["seq"] for text in updates.texts] == list(
        range(1, orders.sequence + 1)
    )
    market = exchange.directory.markets[0]
    levels = [memoryview(side).cast("q").tolist() for side in (engine.bids, engine.asks)]
    shown = [
        {
            show(p, market.tick): show(q, market.step)
            for p, q in zip(side[::2], side[1::2], strict=True)
        }
        for side in levels
    ]
    for book in books.values():
        assert [book.bids, book.asks] == shown
    # A new feed goes on behind the killed one's last update: only the first snapshot is needed.
    assert [book.snapshots for book in books.values()] == [1, 1]


async def compare_ticker(asker, trades):
    """Once the database has come in, the figures of 24 hours are those of all trades."""
    expected = {
        "firstPrice": trades[0]["p"],
        "lastPrice": trades[-1]["p"],
        "volume": sum(Decimal(trade["q"]) for trade in trades),
        "quoteVolume": sum(Decimal(trade["q"]) * Decimal(trade["p"]) for trade in trades),
        "trades": str(len(trades)),
    }
    found = {}
    async with asyncio.timeout(30):
        while found != expected:
            (ticker,) = json.loads((await asker.ask("tickers", market=0)).body)
            found = {name: type(value)(ticker[name]) for name, value in expected.items()}
            await asyncio.sleep(0.05)


def test_readers_of_a_killed_feed_lose_nothing(tmp_path):
    roles = Roles(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.callback(roles.stop)
        roles.log.wait_ready()
        roles.bus.wait_ready()
        asyncio.run(play(roles))
        said = (tmp_path / "roles.log").read_text()
        assert "Traceback" not in said, said
