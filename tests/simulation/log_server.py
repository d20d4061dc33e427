"""The log server, and what processes hold of it.

Promise: the interfaces of commandlog/interface.py, over connections that break (network.py). An
entry is read, and its append acknowledged, only once it is on disk, which takes a moment; a server
that ends in that moment has written the entries at hand, or the first few of them, or none.
"""

from simulation.network import AnswerLost, NotReached, Server, Wire
from simulation.processes import block_on

from truebook.commandlog.chain_at import chain_at
from truebook.commandlog.halts import MemoryHaltBook
from truebook.commandlog.interface import GENESIS, LogUnavailable, OutcomeUnknown
from truebook.commandlog.memory import MemoryLogReader, MemoryLogServer, MemoryTrimmer
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook

FSYNC_S = 0.0015
RECONNECT_S = 0.1


class LogServer(Server, MemoryLogServer):
    """The entries of the log, on a disk that is never lost."""

    def __init__(self, world, clock):
        MemoryLogServer.__init__(self, clock)
        Server.__init__(self, world, "log")
        self.standing = MemoryHaltBook()
        self.all = []
        """Every entry ever written: what a perfect memory would say."""
        self.followers = []

    def append(self, data, once=()):
        """Write an entry; who follows hears of it."""
        position = MemoryLogServer.append(self, data, once)
        self.all.append(self.entries[-1])
        for follower in list(self.followers):
            follower.hear_of(position)
        return position

    def fsync_s(self):
        """How long the disk takes this time."""
        return FSYNC_S * (0.5 + self.world.random.random())


class SimulatedLog:
    """A gateway's side: interface.Log."""

    def __init__(self, process, server):
        self._wire = Wire(process, server)
        self._server = server

    async def lease_gateway(self):
        return await self._call("leasing a number", self._leased)

    def _leased(self):
        self._server.gateways += 1
        return self._server.gateways

    async def append(self, data, once=()):
        operation = lambda: self._server.append(data, once)  # noqa: E731
        try:
            return await self._wire.call("append", operation, self._server.fsync_s())
        except NotReached as error:
            raise LogUnavailable(str(error)) from None
        except AnswerLost as error:
            raise OutcomeUnknown(str(error)) from None

    async def last_position(self):
        return await self._call("last position", self._server.last_position)

    async def close(self):
        pass

    async def _call(self, name, operation):
        try:
            return await self._wire.call(name, operation)
        except (NotReached, AnswerLost) as error:
            raise LogUnavailable(str(error)) from None


class Asking:
    """What blocking code asks of the log server."""

    def __init__(self, process, server):
        self._process = process
        self._wire = Wire(process, server)
        self._server = server

    def ask(self, name, operation, work_s=0.0):
        """What the operation gives or raises. Raises LogUnavailable."""
        try:
            return block_on(self._wire.call(name, operation, work_s))
        except (NotReached, AnswerLost) as error:
            raise LogUnavailable(str(error)) from None


class SimulatedReader(Asking):
    """An engine's side: interface.StreamReader."""

    def __init__(self, process, server, name=""):
        super().__init__(process, server)
        self._memory = MemoryLogReader(server, name)
        self._known_end = GENESIS
        self._given = GENESIS
        self._life = -1
        self._next_try_s = 0.0
        self._number = process.ear(lambda: self._known_end > self._given)
        server.followers.append(self)
        process.on_death.append(self.close)

    def hear_of(self, position):
        """The server has written an entry: that is known here a moment later."""
        world = self._process.world
        self._process.call_later(world.latency_s(), self._know, position)

    def _know(self, position):
        if position > self._known_end:
            self._known_end = position
            self._process.wake()

    def read(self, after, count, block_ms):
        return self.ask("reading", lambda: self._memory.read(after, count, 0))

    def follow(self, after, count):
        server = self._server
        if not server.is_up:
            return []
        if self._life != server.life_number and not self._reopened(after):
            return []
        entries = [e for e in self._memory.follow(after, count) if e.position <= self._known_end]
        self._given = entries[-1].position if entries else max(self._given, after)
        return entries

    def _reopened(self, after):
        """Connect, and make sure of one's place. Raises LogLost, LogTrimmed."""
        loop = self._process.world.loop
        if loop.time() < self._next_try_s:
            return False
        self._next_try_s = loop.time() + RECONNECT_S
        life = self._server.life_number
        try:
            self.ask("connecting", lambda: self._memory.check_holds(after))
        except LogUnavailable:
            return False
        self._life = life
        self._given = after
        self._know(self._server.last_position())
        return True

    def check_holds(self, after):
        self.ask("checking the log", lambda: self._memory.check_holds(after))

    def chain_at(self, position):
        return chain_at(self, position)

    def hold(self, position):
        self._memory.hold(position)

    def fileno(self):
        is_open = self._server.is_up and self._life == self._server.life_number
        return self._number if is_open else -1

    def last_position(self):
        return self.ask("last position", self._server.last_position)

    def close(self):
        """A closed reader makes sure of its place when it connects again."""
        self._life = -1
        if not self._process.is_alive and self in self._server.followers:
            self._server.followers.remove(self)


class SimulatedRecoveries(Asking):
    """interface.RecoveryBook."""

    def __init__(self, process, server):
        super().__init__(process, server)
        self._memory = MemoryRecoveryBook(server)

    def read(self):
        return self.ask("reading recoveries", self._memory.read)

    def append(self, token, after):
        operation = lambda: self._memory.append(token, after)  # noqa: E731
        return self.ask("a recovery", operation, self._server.fsync_s())

    def fence(self):
        self.ask("fencing", self._memory.fence)

    def now_ms(self):
        return self.ask("the time", self._memory.now_ms)

    def close(self):
        pass


class SimulatedTrimmer(Asking):
    """interface.Trimmer."""

    def __init__(self, process, server):
        super().__init__(process, server)
        self._memory = MemoryTrimmer(server)

    def trim(self, bound, vanished_ms):
        return self.ask("trimming", lambda: self._memory.trim(bound, vanished_ms))

    def trimmed(self):
        return self.ask("the bound", self._memory.trimmed)

    def readers(self):
        return self.ask("the readers", self._memory.readers)

    def register(self, name, position):
        self.ask("registering", lambda: self._memory.register(name, position))

    def forget(self, name):
        self.ask("forgetting", lambda: self._memory.forget(name))

    def memory_bytes(self):
        return self.ask("the memory", self._memory.memory_bytes)

    def close(self):
        pass


class SimulatedHaltBook(Asking):
    """halts.HaltBook."""

    def read(self):
        return self.ask("the standing", self._server.standing.read)

    def write(self, standing):
        self.ask("halting", lambda: self._server.standing.write(standing), self._server.fsync_s())

    def close(self):
        pass
