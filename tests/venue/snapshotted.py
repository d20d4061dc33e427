"""A small exchange in memory whose engines keep snapshots."""

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import QUERIES_CHANNEL
from truebook.commandlog.memory import (
    MemoryBusServer,
    MemoryLogReader,
    MemoryLogServer,
    MemoryPublisher,
    MemorySubscription,
)
from truebook.commandlog.progress import Progress
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import OrderType, Side
from truebook.node import Node
from truebook.snapshots.folder import kept_in
from truebook.snapshots.keeping import Keeper, Plan


class Exchange:
    """A log and a bus in memory, and engines with snapshots on them."""

    def __init__(self, folder, make_engine=NaiveEngine):
        self.clock = ManualClock(1_000_000)
        self.log = MemoryLogServer(self.clock)
        self.bus = MemoryBusServer()
        self.make_engine = make_engine
        self.folder = folder
        self.root = folder / "snapshots"
        self.nodes = []
        self.sequence = 0

    def node(self, name="engine-1", plan=None, log=None):
        reader = MemoryLogReader(log or self.log, name)
        keeper = Keeper(
            name,
            self.root,
            plan or Plan(seconds=10.0),
            self.make_engine,
            self.clock,
        )
        node = Node(
            name,
            self.make_engine(),
            reader,
            MemoryPublisher(self.bus),
            MemorySubscription(self.bus, QUERIES_CHANNEL),
            Progress(self.folder / name, "1"),
            self.clock,
            keeper=keeper,
        )
        self.nodes.append(node)
        return node

    def write(self, *records):
        self.sequence += 1
        self.clock.advance(0.001)
        return self.log.append(pack_entry(1, self.sequence, b"".join(records)))

    def found(self):
        """The venue, an account with money, and an order."""
        self.write(*commands_of(DEFAULT_VENUE))
        self.write(
            commands.set_account(name="a"), commands.deposit(account=1, asset=0, amount=10**9)
        )
        return self.trade(1)

    def trade(self, number):
        return self.write(
            commands.place(
                account=1,
                market=0,
                order_id=number,
                side=Side.BID,
                order_type=OrderType.LIMIT,
                price=9_000 + number,
                quantity=1,
            )
        )

    def kept(self, name="engine-1"):
        return [kept.position for kept in kept_in(self.root / name)]

    def snapshot(self, node):
        """Let a node take a snapshot that is due, and wait for it."""
        self.clock.advance(11.0)
        work(node)
        wait_written(node)


def work(*nodes):
    """Let nodes work until none has anything to do."""
    for node in nodes:
        assert node._is_started or node.start()
    is_busy = True
    while is_busy:
        is_busy = False
        for node in nodes:
            is_busy |= node.step()
    for node in nodes:
        node.step()


def wait_written(node):
    """Wait until no snapshot is being written; the select in the node's loop does the waiting."""
    while node.keeper.fileno() >= 0:
        node._wait(10.0)
        node.step()
