"""The bus server, and what processes hold of it.

Promise: the interfaces of commandlog/interface.py, over connections that break (network.py). A bus
that starts again is empty: the event stream, notes, attestations and who listened are gone.
Everything that is ever added to the event stream is told to the world's observer.
"""

import asyncio
from collections import deque

from simulation.network import AnswerLost, Ear, NotReached, Server, Wire
from simulation.processes import block_on

from truebook.commandlog.interface import BusUnavailable, Position
from truebook.commandlog.memory import MemoryBusServer, MemoryPublisher
from truebook.commandlog.memory_attestations import MemoryAttestations


class BusServer(Server, MemoryBusServer):
    """What the bus holds."""

    def __init__(self, world):
        MemoryBusServer.__init__(self)
        Server.__init__(self, world, "bus")
        self.life = "life 0"
        self.waiting = []
        """Who waits for the next event entry."""
        self.on_stop.append(self._forget)

    def _forget(self):
        self.entries.clear()
        self.receivers.clear()
        self.notes.clear()
        self.attestations.clear()
        self.begun, self.token = None, 0
        self.life = f"life {self.life_number}"

    def added(self, count):
        """So many entries have come to the stream."""
        self.world.observer.published(self.entries[-count:])
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class SimulatedPublisher:
    """An engine's side: interface.Publisher."""

    def __init__(self, process, server):
        self._wire = Wire(process, server)
        self._server = server
        self._memory = MemoryPublisher(server)

    def tail(self):
        return self._ask("the tail", self._memory.tail)

    def append(self, before, entries, messages, token=0, life=""):
        def operation():
            found = self._memory.append(before, entries, messages, token, life)
            if found is None:
                self._server.added(len(entries))
            return found

        return self._ask("publishing", operation)

    def claim(self, before, token, life):
        return self._ask("claiming", lambda: self._memory.claim(before, token, life))

    def life(self):
        return self._ask("the life", self._memory.life)

    def begin(self, life, end, token):
        return self._ask("beginning", lambda: self._memory.begin(life, end, token))

    def publish(self, channel, message):
        self._ask("telling", lambda: self._memory.publish(channel, message))

    def close(self):
        pass

    def _ask(self, name, operation):
        try:
            return block_on(self._wire.call(name, operation))
        except (NotReached, AnswerLost) as error:
            raise BusUnavailable(str(error)) from None


class SimulatedAttestations:
    """attestations.AttestationStream."""

    def __init__(self, process, server):
        self._wire = Wire(process, server)
        self._memory = MemoryAttestations(server)

    def add(self, message):
        self._ask("attesting", lambda: self._memory.add(message))

    def after(self, place, count):
        return self._ask("attestations", lambda: self._memory.after(place, count))

    def close(self):
        pass

    def _ask(self, name, operation):
        try:
            return block_on(self._wire.call(name, operation))
        except (NotReached, AnswerLost) as error:
            raise BusUnavailable(str(error)) from None


class SimulatedSubscription:
    """A blocking process's ear on one channel: interface.Subscription."""

    def __init__(self, process, server, channel):
        self._process = process
        self._waiting = deque()
        self._ear = Ear(process, server)
        self._number = process.ear(lambda: bool(self._waiting))
        self._ear.subscribe(channel, self._hear)
        process.ears.append(self._ear)

    def _hear(self, message):
        self._waiting.append(message)
        self._process.wake()

    def receive(self):
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def fileno(self):
        return self._number if self._ear.is_open else -1

    def close(self):
        self._ear.close()


class SimulatedBus:
    """The asynchronous side: interface.Bus."""

    def __init__(self, process, server):
        self._process = process
        self._server = server
        self._wire = Wire(process, server)
        self._reads = Wire(process, server)
        self._ear = Ear(process, server)
        process.ears.append(self._ear)

    async def subscribe(self, channel, receive):
        await asyncio.sleep(self._process.world.latency_s())
        self._ear.subscribe(channel, receive)
        if not self._ear.is_open:
            opened = asyncio.Event()
            self._ear.on_reconnect.append(opened.set)
            await opened.wait()

    async def unsubscribe(self, channel):
        self._ear.unsubscribe(channel)

    async def publish(self, channel, message):
        return await self._ask("asking", lambda: self._server.publish(channel, message))

    async def publish_all(self, messages):
        def operation():
            for channel, message in messages:
                self._server.publish(channel, message)

        await self._ask("answering", operation)

    async def publish_noted(self, *what):
        await self._ask("telling", lambda: self._server.publish_noted(*what))

    async def take_notes(self, owner):
        return await self._ask("taking notes", lambda: self._server.take_notes(owner))

    async def listened(self):
        heard = self._server.receivers
        return await self._ask("listeners", lambda: [name for name in heard if heard[name]])

    async def event_tail(self):
        return await self._ask("the tail", lambda: self._server.tail().position)

    async def event_entry(self, position):
        def operation():
            entries, index = self._server.entries, self._server.index(position)
            found = index < len(entries) and entries[index].position == position
            return entries[index] if found else None

        return await self._ask("an event", operation)

    async def event_entries_before(self, position, count):
        def operation():
            end = self._server.index(position)
            return self._server.entries[max(0, end - count) : end][::-1]

        return await self._ask("earlier events", operation)

    async def event_entries_after(self, position, count, block_ms):
        def operation():
            start = self._server.index(Position(position.high, position.low + 1))
            return self._server.entries[start : start + count]

        entries = await self._ask("events", operation, self._reads)
        if not entries and block_ms:
            await self._until_more(block_ms / 1000)
            entries = await self._ask("events", operation, self._reads)
        return entries

    async def _until_more(self, seconds):
        loop = self._process.world.loop
        more = loop.create_future()
        self._server.waiting.append(more)
        await asyncio.wait([more], timeout=seconds)

    def on_reconnect(self, call):
        self._ear.on_reconnect.append(call)

    async def close(self):
        self._ear.close()

    async def _ask(self, name, operation, wire=None):
        try:
            return await (wire or self._wire).call(name, operation)
        except (NotReached, AnswerLost) as error:
            raise BusUnavailable(str(error)) from None
