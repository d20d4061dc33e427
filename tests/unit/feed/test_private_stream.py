"""A private stream from the engine to its reader: no gap and no repeat, whatever is restarted."""

import asyncio
import itertools
import json
import random

from store.database import store
from venue.inmemory import InMemory, until

from truebook import commands
from truebook.api.streams import Updates
from truebook.asking import Asker, Horizon
from truebook.commandlog.memory import MemoryBus, MemoryLog
from truebook.feed.channels import updates_channel
from truebook.feed.feed import Feed, running
from truebook.messages import OrderType, Side
from truebook.store.sqlite.history import SqliteHistory
from truebook.ws.interface import Channel
from truebook.ws.subscriptions import SubscriptionManager
from truebook.ws.tasks import Tasks

ACCOUNT = 1
ROUNDS = 4
_channels = map("private:{}".format, itertools.count())


class Reader:
    """A session that remembers what it was sent."""

    def __init__(self):
        self.heard = []
        self.ended = []

    def send(self, stream, messages, frames):
        self.heard += [json.loads(message) for message in messages]

    async def until_empty(self):
        await asyncio.sleep(0)

    def end(self, code, reason):
        self.ended.append(reason)


async def trade(venue, dice):
    """Orders with triggers, and trades that fire some of them."""
    for _ in range(4):
        price = round(10_000 * dice.uniform(0.97, 1.03))
        order = {"account": ACCOUNT, "market": 0, "side": dice.choice(list(Side))}
        if dice.random() < 0.5:
            order |= {"order_type": OrderType.MARKET, "percent_bp": dice.choice((1, 100))}
        else:
            # Far away from the last price it can't be placed when it fires.
            limit = dice.choice((price, 2 * price))
            order |= {"order_type": OrderType.LIMIT, "quantity": 10, "price": limit}
        order_id = venue.client.next_order_id()
        await venue.send(commands.place_trigger(order_id=order_id, trigger_price=price, **order))
    await venue.trade(round(10_000 * dice.uniform(0.98, 1.02)), 20)


async def sequence_of(venue):
    seen = Horizon()
    seen.saw(venue.log.last_position())
    asker = await Asker.start(MemoryBus(venue.bus), next(_channels), seen)
    return (await asker.ask("orders", ACCOUNT)).sequence


def test_a_private_stream_with_triggers_has_no_gap_and_no_repeat_over_restarts(tmp_path):
    venue, dice = InMemory(tmp_path), random.Random(1)
    path = tmp_path / "database"

    async def play():
        await venue.send(commands.set_rules(2))
        bus, tasks = MemoryBus(venue.bus), Tasks()
        backlog = Updates(await Asker.start(MemoryBus(venue.bus), next(_channels), Horizon()))
        manager, reader = SubscriptionManager(bus, backlog, tasks), Reader()
        channel = Channel(updates_channel(ACCOUNT), is_numbered=True)
        is_complete = None
        for _ in range(ROUNDS):
            history = SqliteHistory(path)
            feed = await Feed.start(
                MemoryBus(venue.bus), MemoryLog(venue.log), next(_channels), history
            )
            async with running(feed):
                if is_complete is None:
                    subscription = manager.subscribe(reader, "mine", channel, after=0)
                    is_complete = asyncio.create_task(manager.complete(subscription))
                await trade(venue, dice)
                last = await sequence_of(venue)
                store(path, venue.bus.entries)
                await until(lambda last=last: reader.heard and reader.heard[-1]["seq"] == last)
            history.close()
            # What fires while there is no feed isn't missed.
            await trade(venue, dice)
            store(path, venue.bus.entries)
        await is_complete
        assert not reader.ended
        assert [update["seq"] for update in reader.heard] == list(range(1, last + 1))
        kinds = {update["e"] for update in reader.heard}
        assert kinds >= {"triggerPlaced", "triggerFailed", "orderAccepted", "orderFill"}
        await tasks.close()

    async def whole():
        async with venue.running():
            await play()

    asyncio.run(whole())
