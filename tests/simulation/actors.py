"""The roles of the exchange as processes of the simulation: how each is put together.

Promise: what runs is the code that runs in earnest, put together as in the command line's roles,
with simulated log, bus, clock and files. A role that ends is started again a moment later, as the
supervisor does; one that ends by an error that nobody foresaw fails the seed.
"""

from functools import partial

from simulation.bus_server import (
    SimulatedAttestations,
    SimulatedBus,
    SimulatedPublisher,
    SimulatedSubscription,
)
from simulation.engines import KillableEngine
from simulation.log_server import (
    SimulatedHaltBook,
    SimulatedLog,
    SimulatedReader,
    SimulatedRecoveries,
    SimulatedTrimmer,
)
from simulation.processes import Fiber, Killed, Process, drive
from simulation.storing import KillableWriter, Remaking

from truebook.api.connect import ConnectedExchange
from truebook.cli.engines import Trusted
from truebook.commandlog.archive.archiver import Archiver
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.running import Archiving
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.interface import (
    QUERIES_CHANNEL,
    ROLES_CHANNEL,
    Overtaken,
    StreamLost,
)
from truebook.commandlog.progress import Progress
from truebook.commandlog.quorum import VOTES_CHANNEL, Quorum
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.recovering import Recovering
from truebook.commandlog.whole_log import WholeLog
from truebook.engine.scrubbing.interface import NoScrubber
from truebook.feed.feed import Feed, running
from truebook.idle import IdleWork
from truebook.node import Node
from truebook.snapshots.keeping import Keeper
from truebook.store.projection import Projection
from truebook.store.sqlite.history import SqliteHistory
from truebook.verify.engines import Engines
from truebook.verify.truth import Truth
from truebook.verify.witness import Witness
from truebook.verify.witness_folder import WitnessFolder
from truebook.verify.witnessing import Witnessing, WitnessProcess
from truebook.vigil import Vigil

FORESEEN = (StreamLost, Overtaken)
"""With these an engine ends loudly, to begin again (node.py)."""


class Role:
    """A process that is started again whenever it ends."""

    kind = ""
    is_blocking = False

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.clock = world.make_clock(name)
        self.process = None
        self.starts = 0

    def start(self):
        """Begin a life."""
        self.starts += 1
        self.process = Process(self.world, self.name, self.kind)
        self.process.on_death.append(self._ended)
        self.world.join(self.process)
        self.world.trace(f"{self.name} starts")
        self.process.begin(self._live(self.process))

    async def _live(self, process):
        try:
            if self.is_blocking:
                await drive(Fiber(process, partial(self.run, process)))
            else:
                await self.run(process)
        except Killed:
            return
        except FORESEEN as error:
            self.world.trace(f"{self.name} ends: {error}")
        except Exception as error:
            if process.is_alive:
                self.world.fail(error, f"{self.name} ended by {type(error).__name__}")
        if process.is_alive:
            process.kill("its program has ended")

    def _ended(self):
        self.world.later(0.05 + 0.2 * self.world.random.random(), self.start)

    def run(self, process):
        """The program."""
        raise NotImplementedError

    def whole_log(self, process, name=""):
        """The log, its server's and the archive's."""
        stream = SimulatedReader(process, self.world.log, name)
        archive = ArchiveReader(FolderArchive(self.world.archive))
        return ReachedLog(WholeLog(stream, archive), SimulatedRecoveries(process, self.world.log))


class EngineRole(Role):
    """An engine's process, as node.run_engine puts it together."""

    kind = "engine"
    is_blocking = True

    def __init__(self, world, name, key):
        super().__init__(world, name)
        self.key = key
        self.node = None

    def run(self, process):
        world, bus = self.world, self.world.bus
        log, publisher = self.whole_log(process, self.name), SimulatedPublisher(process, bus)
        make_engine = partial(KillableEngine, process, world.plan.make_engine)
        self.node = node = Node(
            self.name,
            make_engine(),
            log,
            publisher,
            SimulatedSubscription(process, bus, QUERIES_CHANNEL),
            Progress(world.folder / f"{self.name}.progress", "1"),
            self.clock,
            Recovering(log, publisher, self.clock),
            Keeper(self.name, world.snapshots, world.plan.snapshots, make_engine, self.clock),
            self._vigil(process),
            self._quorum(process, publisher),
        )
        try:
            node.run(lambda: None)
        finally:
            node.close()

    def _vigil(self, process):
        attestations = SimulatedAttestations(process, self.world.bus)
        book = SimulatedHaltBook(process, self.world.log)
        return Vigil(
            self.name, lambda: self.key, attestations, book, lambda engine: NoScrubber(), self.clock
        )

    def _quorum(self, process, publisher):
        size = self.world.plan.quorum
        if size < 2:
            return None
        votes = SimulatedSubscription(process, self.world.bus, VOTES_CHANNEL)
        trusted = Trusted(lambda: self.node.engine)
        return Quorum(size, lambda: self.key, publisher, votes, trusted, self.clock)


class GatewayRole(Role):
    """An API process, below its routes."""

    kind = "gateway"

    def __init__(self, world, name):
        super().__init__(world, name)
        self.exchange = None

    async def run(self, process):
        self.exchange = None
        log = SimulatedLog(process, self.world.log)
        bus = SimulatedBus(process, self.world.bus)
        exchange = await ConnectedExchange.start(log, bus)
        self.exchange = exchange
        await self.world.loop.create_future()

    def request(self, records, commands, once):
        """Submit commands as a route does: a task; None while nobody listens."""
        if not self.process.is_alive or self.exchange is None:
            return None
        return self.process.begin(self.exchange.send_and_await(records, commands, once))


class FeedRole(Role):
    """The feed."""

    kind = "feed"

    def __init__(self, world, name):
        super().__init__(world, name)
        self.feed = None

    async def run(self, process):
        self.feed = None
        log = SimulatedLog(process, self.world.log)
        bus = SimulatedBus(process, self.world.bus)
        history = SqliteHistory(self.world.database)
        try:
            channel = f"feed:{self.starts}:answers"
            self.feed = feed = await Feed.start(bus, log, channel, history, self.clock)
            async with running(feed) as work:
                await work
        finally:
            history.close()


class StoreRole(Role):
    """The store, on a database of the seed's own."""

    kind = "store"

    def __init__(self, world, name):
        super().__init__(world, name)
        self.projection = None

    async def run(self, process):
        bus = SimulatedBus(process, self.world.bus)
        writer = KillableWriter(process, self.world.database)
        work = IdleWork(self.clock)
        self.projection = Projection(bus, writer, Remaking(self.world), work, self.clock)
        try:
            await self.projection.run()
        finally:
            self.projection.stop()


class ArchiveRole(Role):
    """The archive."""

    kind = "archive"
    is_blocking = True

    def __init__(self, world, name):
        super().__init__(world, name)
        self.archiving = None

    def run(self, process):
        log, bus = self.world.log, self.world.bus

        def make():
            reader, trimmer = SimulatedReader(process, log), SimulatedTrimmer(process, log)
            store = FolderArchive(self.world.archive)
            return Archiver(store, reader, trimmer, self.world.plan.archive, self.clock)

        questions = SimulatedSubscription(process, bus, ROLES_CHANNEL)
        publisher = SimulatedPublisher(process, bus)
        trimmer = SimulatedTrimmer(process, log)
        self.archiving = archiving = Archiving(make, trimmer, questions, publisher, self.clock)
        try:
            archiving.run(lambda: None)
        finally:
            archiving.close()


class WitnessRole(Role):
    """The witness."""

    kind = "witness"
    is_blocking = True

    def run(self, process):
        log, bus = self.world.log, self.world.bus
        channel = f"witness:{self.starts}"
        answers = SimulatedSubscription(process, bus, channel)
        engines = Engines(SimulatedPublisher(process, bus), answers, channel, self.clock)
        book = SimulatedHaltBook(process, log)
        folder = WitnessFolder(self.world.folder / "witness")
        truth = Truth(self.whole_log(process), self.world.plan.make_engine)
        known = folder.load()
        witness = Witness(truth, engines, book, self.clock, known.agreed, known.dealt_with)
        witnessing = Witnessing(
            witness,
            self.whole_log(process),
            SimulatedAttestations(process, bus),
            book,
            engines,
            folder,
            self.clock,
        )
        questions = SimulatedSubscription(process, bus, ROLES_CHANNEL)
        program = WitnessProcess(witnessing, questions, SimulatedPublisher(process, bus))
        try:
            program.run(lambda: None, lambda: None)
        finally:
            program.close()
