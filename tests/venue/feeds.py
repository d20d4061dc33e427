"""An exchange in memory with feeds on it, and what reads their messages."""

import asyncio
import contextlib
import itertools
import json

from venue.inmemory import InMemory

from truebook.asking import Asker, Horizon
from truebook.commandlog.memory import MemoryBus, MemoryLog
from truebook.feed.channels import read_numbered
from truebook.feed.feed import Feed, running

_channels = map("answers:{}".format, itertools.count())


class FeedVenue(InMemory):
    """An exchange and the feeds on it."""

    @contextlib.asynccontextmanager
    async def feed(self, history=None):
        bus, log = MemoryBus(self.bus), MemoryLog(self.log)
        async with running(await Feed.start(bus, log, next(_channels), history)) as task:
            yield task
        await bus.close()

    async def asker(self):
        seen = Horizon()
        seen.saw(self.log.last_position())
        return await Asker.start(MemoryBus(self.bus), next(_channels), seen)

    async def ask(self, kind, account=0, **fields):
        return await (await self.asker()).ask(kind, account, **fields)

    def silence(self):
        """Nobody listens to public streams any more."""
        for channel in list(self.bus.receivers):
            if channel.endswith("_USDC"):
                self.bus.receivers[channel].clear()


def run(venue, play):
    async def whole():
        async with venue.running():
            await play()

    asyncio.run(whole())


def read(messages):
    return [json.loads(message) for message in messages]


def numbers(messages):
    return [read_numbered(message)[0] for message in messages]


def chained(updates):
    return all(b["U"] == a["u"] + 1 for a, b in itertools.pairwise(updates))


def touched(messages):
    return {price for update in read(messages) for price, _ in update["b"] + update["a"]}
