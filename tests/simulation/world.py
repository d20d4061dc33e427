"""The whole exchange in one thread, on simulated time: a seed in, a story out.

Promise: `simulate(seed)` always does the same, step by step; what it did last stands in the trace.
First there is trouble, and traders trade; then all is healed, and everything must come together:
that is checked, and what must hold all the time was checked all the time.
"""

import asyncio
import contextlib
import gc
import hashlib
import logging
import shutil
import tempfile
from collections import deque
from pathlib import Path
from random import Random

import structlog
from nacl.signing import SigningKey
from simulation.actors import (
    ArchiveRole,
    EngineRole,
    FeedRole,
    GatewayRole,
    StoreRole,
    WitnessRole,
)
from simulation.bus_server import BusServer
from simulation.checks import check, is_converged, readers_agree
from simulation.clocks import BEGIN_S, SimulatedClock
from simulation.faults import Faults
from simulation.files import simulated_files
from simulation.log_server import LogServer
from simulation.loop import VirtualLoop
from simulation.network import LATENCY_S
from simulation.observer import Observer
from simulation.plan import Plan
from simulation.processes import Killed, current_process, simulated_select
from simulation.readers import DepthReader, PrivateReader
from simulation.traders import Ending, Trader

from truebook import commands
from truebook.commandlog.entries import pack_entry
from truebook.genesis import DEFAULT_VENUE, commands_of

ACCOUNTS = (1, 2, 3)
FUNDS = 10**13
HEALING_S_MAX = 60.0
END_S_MAX = 600.0
TRACE_LINES = 5_000


class World:
    """One seed's."""

    def __init__(self, seed, folder):
        self.seed = seed
        self.random = Random(f"world {seed}")
        self.plan = Plan.drawn(seed)
        self.folder = folder
        self.snapshots, self.archive = folder / "snapshots", folder / "archive"
        self.database = folder / "database.sqlite"
        self.loop = VirtualLoop(Random(f"turns {seed}"))
        self.context = contextvars_of_nobody()
        self.clocks = []
        self.lines = deque(maxlen=TRACE_LINES)
        self.digest = hashlib.blake2b(digest_size=16)
        self.failure = None
        self.observer = Observer(self)
        self.faults = Faults(self, Random(f"faults {seed}"))
        self.finished = self.loop.create_future()
        self._processes = []
        self.log = LogServer(self, self.make_clock("log"))
        self.bus = BusServer(self)
        self._make_roles()

    def _make_roles(self):
        plan = self.plan
        self.engines = []
        for number in range(1, plan.engines + 1):
            name = f"engine-{number}"
            self.engines.append(EngineRole(self, name, SigningKey(name.encode().ljust(32, b"."))))
        self.gateways = [GatewayRole(self, f"api-{n}") for n in range(1, plan.gateways + 1)]
        self.feed = FeedRole(self, "feed") if plan.has_feed else None
        self.store = StoreRole(self, "store") if plan.has_store else None
        self.archiver = ArchiveRole(self, "archive") if plan.has_archive else None
        self.witness = WitnessRole(self, "witness") if plan.has_witness else None
        others = (self.feed, self.store, self.archiver, self.witness)
        self.roles = [*self.engines, *self.gateways, *(role for role in others if role)]
        self.traders = [Trader(self, n, Random(f"trader {n} {self.seed}")) for n in ACCOUNTS]
        self.readers = []
        if self.feed is not None:
            self.readers = [DepthReader(self), PrivateReader(self, 1)]

    # what everybody uses

    def make_clock(self, name):
        clock = SimulatedClock(self.loop, name)
        self.clocks.append(clock)
        return clock

    def latency_s(self):
        return self.faults.latency_s(LATENCY_S)

    def true_ms(self):
        return (BEGIN_S + self.loop.time()) * 1000

    def join(self, process):
        """A process of the exchange has begun to live."""
        self._processes = [known for known in self._processes if known.is_alive]
        self._processes.append(process)

    def processes(self):
        """Those of the exchange that live."""
        return [process for process in self._processes if process.is_alive]

    def later(self, seconds, call, *args):
        """Call it in nobody's name."""
        self.loop.call_later(seconds, call, *args, context=self.context)

    def trace(self, text):
        """Note what happens."""
        line = f"{self.loop.time():9.4f}  {text}".replace(str(self.folder), "…")
        self.lines.append(line)
        self.digest.update(line.encode())

    def fail(self, error, what=""):
        """Something happened that must never happen: the story ends."""
        if self.failure is None:
            self.trace(f"FAILED: {what or error}")
            self.failure = error
        if not self.finished.done():
            self.finished.set_result(None)

    # the story

    def run(self):
        """Tell the story; raises what went wrong."""
        self.loop.set_exception_handler(self._unforeseen)
        story = self.loop.create_task(self._story(), context=self.context)
        story.add_done_callback(self._told)
        self.later(END_S_MAX, self._too_long)
        self.loop.run_until_complete(self.finished)
        if self.failure is not None:
            raise self.failure

    async def _story(self):
        self._found()
        for role in self.roles:
            role.start()
        for reader in self.readers:
            reader.process.begin(reader.read())
        trading = [trader.process.begin(trader.trade()) for trader in self.traders]
        trouble = asyncio.create_task(self.faults.run())
        await asyncio.sleep(self.plan.trouble_s)
        self.faults.heal()
        trouble.cancel()
        for task in trading:
            task.cancel()
        await asyncio.gather(*trading, return_exceptions=True)
        await self._come_together()
        check(self)

    async def _come_together(self):
        """Everybody works again, and comes to the same."""
        for gateway, trader in zip(self.gateways, self.traders, strict=False):
            await self._until(lambda g=gateway: g.process.is_alive and g.exchange is not None)
            await self._trade_surely(gateway, trader)
        if self.readers:
            await self._until(lambda: readers_agree(self))
            for reader in self.readers:
                reader.process.kill("the readers leave")
        await self._until(lambda: is_converged(self))

    async def _trade_surely(self, gateway, trader):
        until_s = self.loop.time() + HEALING_S_MAX
        while True:
            page = await trader.process.begin(trader.place_surely(gateway))
            if page.ended(Ending.DONE):
                return
            assert self.loop.time() < until_s, f"{gateway.name} carries nothing out any more"
            await asyncio.sleep(0.2)

    async def _until(self, is_so):
        """Wait until nothing is missing any more: the function tells what is, or nothing."""
        until_s = self.loop.time() + HEALING_S_MAX
        while (missing := is_so()) is not True:
            assert self.loop.time() < until_s, f"after everything was healed: {missing or 'stuck'}"
            await asyncio.sleep(0.05)

    def _found(self):
        """The venue, accounts and engines' keys, in the first entries of the log."""
        records = list(commands_of(DEFAULT_VENUE))
        for slot, engine in enumerate(self.engines):
            public = bytes(engine.key.verify_key)
            records.append(
                commands.set_attester(slot=slot, public_key=public, name=engine.name, trusted=True)
            )
        for account in ACCOUNTS:
            records.append(commands.set_account(name=f"trader {account}"))
            for asset in (0, 1):
                records.append(commands.deposit(account=account, asset=asset, amount=FUNDS))
        self.log.gateways = 1
        self.log.append(pack_entry(1, 1, b"".join(records)))

    def _told(self, story):
        if not story.cancelled() and story.exception() is not None:
            self.fail(story.exception())
        elif not self.finished.done():
            self.finished.set_result(None)

    def _too_long(self):
        self.fail(AssertionError(f"the story doesn't end in {END_S_MAX} s"))

    def _unforeseen(self, loop, context):
        error = context.get("exception")
        if error is None or _is_an_end(error):
            return
        owner = getattr(context.get("task") or context.get("future"), "get_context", None)
        self.fail(error, f"{context.get('message')}: {error!r} {owner or ''}")

    def close(self):
        """End everybody, and let their code unwind."""
        for process in self.processes():
            process.on_death.clear()
            process.kill("the story is over")
        for one in (*self.traders, *self.readers):
            one.process.kill("the story is over")
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        for _ in range(20):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self.loop.close()


def _is_an_end(error):
    """Whether somebody's task ended by the end of its process, alone or in a group of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_an_end, error.exceptions))
    return isinstance(error, Killed | asyncio.CancelledError)


def contextvars_of_nobody():
    """A context in which no process runs."""
    import contextvars

    return contextvars.Context()


class _Tracing(logging.Handler):
    """What the code under test logs stands in the trace, too."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    def emit(self, record):
        process = current_process()
        name = "somebody" if process is None else process.name
        if process is None or process.is_alive:
            self._world.trace(f"{name} says: {record.getMessage()}")


@contextlib.contextmanager
def traced(world):
    """Let the code under test log into the trace alone."""
    configured = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
    )
    logger = logging.getLogger("truebook")
    handler = _Tracing(world)
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate, logger.level = before[0], before[1]
        structlog.configure(**configured)


@contextlib.contextmanager
def world_of(seed):
    """The world of a seed, before its story; everything it made is gone in the end."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="truebook-", dir=memory if memory.is_dir() else None))
    try:
        world = World(seed, folder)
        with simulated_select(), simulated_files(), traced(world):
            try:
                yield world
            finally:
                world.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        gc.collect(0)


def simulate(seed):
    """Tell the story of a seed; the world as it was in the end. Raises AssertionError, or what
    somebody's program failed with, with the trace as a note."""
    with world_of(seed) as world:
        try:
            world.run()
        except BaseException as error:
            last = "\n".join(list(world.lines)[-60:])
            error.add_note(
                f"{last}\n\nThis was seed {seed}: {world.plan}\n"
                f"Again: python -m pytest tests/simulation --seed {seed}"
            )
            raise
        return world
