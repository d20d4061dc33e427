"""What an engine reaches too late is not carried out, and no two engines ever differ about it."""

import numpy as np
import pytest
from venue.archived import SMALL, Archived
from venue.lateness import keen_node, reached

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import GENESIS, Overtaken, StreamLost
from truebook.commandlog.memory import MemoryBusServer, MemoryLogReader, MemoryLogServer
from truebook.commandlog.recoveries import recovery_in
from truebook.commandlog.whole_log import WholeLog
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.messages import (
    EVENT_DTYPES,
    EVENT_ROW,
    EVENT_ROW_BYTES,
    CloseReason,
    EventKind,
    OrderType,
    Side,
)
from truebook.snapshots.keeping import Keeper, Plan
from truebook.verify.replay import replay

FUNDS = 10**14


class Exchange:
    """A log and a bus in memory on one clock, a venue and two traders, and engines on it."""

    def __init__(self, folder):
        self.clock = ManualClock(1_000_000)
        self.log = MemoryLogServer(self.clock)
        self.bus = MemoryBusServer()
        self.folder = folder
        self.nodes = []
        self.orders = 0
        self.sequence = 0
        self.write(commands.set_rules(2), *commands_of(DEFAULT_VENUE))
        for account in (1, 2):
            self.write(commands.set_account(name=f"trader {account}"))
            self.write(*(commands.deposit(account=account, asset=a, amount=FUNDS) for a in (0, 1)))

    def write(self, *records):
        """One entry."""
        self.sequence += 1
        self.clock.advance(0.001)
        return self.log.append(pack_entry(999_999, self.sequence, b"".join(records)))

    def place(self, account=1, side=Side.BID, price=9_900, **fields):
        """One entry with an order; its id."""
        self.orders += 1
        self.write(
            commands.place(
                account=account,
                market=0,
                order_id=self.orders,
                side=side,
                order_type=OrderType.LIMIT,
                price=price,
                quantity=100,
                **fields,
            )
        )
        return self.orders

    def node(self, work=True):
        """An engine's loop, just started."""
        name = f"engine-{len(self.nodes)}"
        node = keen_node(name, self.log, self.bus, self.folder, self.clock)
        self.nodes.append(node)
        assert node.start()
        if work:
            self.work(node)
        return node

    def work(self, *nodes):
        """Let nodes work until none has anything to do."""
        is_busy = True
        while is_busy:
            is_busy = bool(sum(node.step() for node in nodes))
        for node in nodes:
            node.step()

    def closed(self):
        """Why each order was closed, as published."""
        found = {}
        for entry in self.bus.entries:
            rows = np.frombuffer(entry.events, EVENT_ROW)
            for index in np.flatnonzero(rows["kind"] == EventKind.CLOSED):
                layout = EVENT_DTYPES[EventKind.CLOSED]
                (event,) = np.frombuffer(entry.events, layout, 1, int(index) * EVENT_ROW_BYTES)
                found[int(event["order_id"])] = CloseReason(int(event["reason"]))
        return found

    def recoveries(self):
        """Those that stand in the log."""
        return [r for entry in self.log.entries if (r := recovery_in(entry)) is not None]

    def check_replay(self, node, log=None):
        """Whoever replays the log comes to what was published and to the same state."""
        replayed = replay(log or reached(self.log), NaiveEngine(), self.clock)
        assert replayed.position == node.position == self.bus.tail().position
        assert replayed.state_hash == node.engine.state_hash()
        assert node.status()["eventHash"] == self.bus.tail().event_hash.hex()


@pytest.fixture
def exchange(tmp_path):
    exchange = Exchange(tmp_path)
    yield exchange
    for node in exchange.nodes:
        node.close()


def test_an_engine_that_was_dead_for_long_expires_orders_and_carries_out_cancellations(exchange):
    first = exchange.node()
    resting = exchange.place()
    exchange.work(first)
    published = exchange.bus.tail().position
    late = exchange.place()
    exchange.write(commands.cancel(account=1, market=0, order_id=resting))
    exchange.clock.advance(5)
    fresh = exchange.place()
    exchange.clock.advance(1)
    second = exchange.node()
    assert exchange.closed() == {resting: CloseReason.CANCELLED, late: CloseReason.DEADLINE}
    assert [o.order_id for o in second.engine.open_orders(1)] == [fresh]
    assert second.engine.balance(1, 0)[1] == second.engine.open_orders(1)[0].price * 100 * 10**2
    assert [recovery.after for recovery in exchange.recoveries()] == [published]
    exchange.check_replay(second)


def test_an_engine_that_keeps_up_writes_nothing_whatever_the_time_between(exchange):
    node = exchange.node()
    for _ in range(3):
        exchange.place()
        exchange.clock.advance(0.5)
        exchange.work(node)
        exchange.clock.advance(60)
    assert exchange.closed() == {}
    assert exchange.recoveries() == []
    exchange.check_replay(node)


def test_a_restart_in_time_expires_nothing(exchange):
    exchange.work(exchange.node())
    exchange.place()
    exchange.clock.advance(4.9)
    node = exchange.node()
    assert exchange.closed() == {}
    assert exchange.recoveries() == []
    exchange.check_replay(node)


def test_a_shorter_deadline_counts(exchange):
    exchange.node()
    short, usual = exchange.place(deadline_ms=1_500), exchange.place()
    exchange.clock.advance(2)
    node = exchange.node()
    assert exchange.closed() == {short: CloseReason.DEADLINE}
    assert [o.order_id for o in node.engine.open_orders(1)] == [usual]
    exchange.check_replay(node)


def test_what_was_published_in_time_stays_however_often_engines_restart(exchange):
    exchange.work(exchange.node())
    order = exchange.place()
    exchange.node()
    exchange.clock.advance(3_600)
    node = exchange.node()
    assert exchange.closed() == {}
    assert [o.order_id for o in node.engine.open_orders(1)] == [order]
    assert exchange.recoveries() == []


def test_where_the_bus_was_lost_too_what_may_have_been_told_is_carried_out(exchange):
    exchange.node()
    told = exchange.place()
    exchange.work(*exchange.nodes)
    exchange.clock.advance(3_600)
    exchange.bus = MemoryBusServer()
    node = exchange.node()
    assert [o.order_id for o in node.engine.open_orders(1)] == [told]
    late = exchange.place()
    exchange.clock.advance(6)
    node = exchange.node()
    assert exchange.closed() == {late: CloseReason.DEADLINE}
    exchange.check_replay(node)


def test_an_engine_that_outlives_the_bus_declares_nothing_late_of_what_was_told(exchange):
    """All that it knows is that nothing is in the new stream."""
    survivor = exchange.node()
    told = exchange.place()
    exchange.work(survivor)
    late = exchange.place()
    exchange.clock.advance(6)
    lose_bus(exchange.bus)
    with pytest.raises(StreamLost):
        exchange.work(survivor)
    assert exchange.recoveries() == []
    node = exchange.node()
    assert {o.order_id for o in node.engine.open_orders(1)} == {told, late}
    exchange.check_replay(node)


def test_an_engine_that_outlives_the_bus_does_not_begin_the_next_stream(exchange):
    """It would begin it with what it has, and nobody would know where the log ended then."""
    survivor = exchange.node(work=False)
    other = exchange.node()
    told = exchange.place()
    exchange.work(other)
    exchange.clock.advance(6)
    lose_bus(exchange.bus)
    with pytest.raises(StreamLost):
        exchange.work(survivor)
    assert exchange.bus.entries == []
    node = exchange.node()
    assert exchange.recoveries() == []
    assert [o.order_id for o in node.engine.open_orders(1)] == [told]
    exchange.check_replay(node)


def test_a_claim_on_a_bus_that_was_lost_since_is_not_finished_on_the_next(exchange):
    survivor = exchange.node()
    exchange.work(survivor)
    lose_bus(exchange.bus)
    with pytest.raises(StreamLost):
        survivor._recovering.heed(survivor._recovering.token + 1, survivor.position)
    assert exchange.recoveries() == []


def lose_bus(bus):
    """It has died, and starts again, empty."""
    bus.entries.clear()
    bus.begun, bus.token, bus.life = None, 0, "the next life"


def test_a_second_outage_at_the_same_place_is_a_second_recovery(exchange):
    exchange.node()
    first = exchange.place()
    exchange.clock.advance(4)
    second = exchange.place()
    exchange.clock.advance(2)
    crash = exchange.node(work=False)
    crash._recovering._log.refresh = die
    with pytest.raises(KeyboardInterrupt):
        exchange.work(crash)
    assert len(exchange.recoveries()) == 1
    exchange.clock.advance(600)
    node = exchange.node()
    assert exchange.closed() == {first: CloseReason.DEADLINE, second: CloseReason.DEADLINE}
    assert len(exchange.recoveries()) == 2
    exchange.check_replay(node)


def test_engines_that_come_late_together_agree(exchange):
    exchange.node()
    orders = [exchange.place(account=1 + number % 2) for number in range(6)]
    exchange.clock.advance(6)
    nodes = [exchange.node(work=False) for _ in range(3)]
    exchange.work(*nodes)
    exchange.clock.advance(1)
    exchange.work(*nodes)
    assert exchange.closed() == dict.fromkeys(orders, CloseReason.DEADLINE)
    assert len(exchange.recoveries()) == 1
    assert len({node.engine.state_hash() for node in nodes}) == 1
    exchange.check_replay(nodes[0])


def test_an_engine_that_stood_still_with_something_to_publish_starts_again(exchange):
    """It has carried out in time what another has meanwhile declared late."""
    slow = exchange.node()
    late = exchange.place()
    exchange.bus.is_up = False
    exchange.work(slow)
    assert slow.engine.counts()["orders"] == 1
    exchange.bus.is_up = True
    exchange.clock.advance(6)
    node = exchange.node()
    assert exchange.closed() == {late: CloseReason.DEADLINE}
    with pytest.raises(Overtaken):
        exchange.work(slow)
    exchange.check_replay(node)
    assert exchange.node().engine.state_hash() == node.engine.state_hash()


def test_no_snapshot_is_taken_of_what_another_has_declared_late(exchange, monkeypatch):
    slow = exchange.node()
    root = exchange.folder / "snapshots"
    slow.keeper = Keeper("slow", root, Plan(seconds=1.0), NaiveEngine, exchange.clock)
    exchange.place()
    exchange.bus.is_up = False
    exchange.work(slow)
    exchange.bus.is_up = True
    exchange.clock.advance(6)
    exchange.node()
    # It sees that others have published, and hasn't heard yet of what came into the log since.
    monkeypatch.setattr(slow._reader, "follow", lambda after, count: [])
    with pytest.raises(Overtaken):
        exchange.work(slow)
    assert slow.keeper.fileno() < 0, "no snapshot was begun"


def test_a_killed_claim_is_finished_by_the_next_engine(exchange):
    node = exchange.node()
    late = exchange.place()
    exchange.clock.advance(6)
    crash = exchange.node(work=False)
    crash._recovering._log.book.append = die
    with pytest.raises(KeyboardInterrupt):
        exchange.work(crash)
    assert exchange.recoveries() == []
    with pytest.raises(Overtaken):
        exchange.work(late_in_time(exchange, node))
    node = exchange.node()
    assert exchange.closed() == {late: CloseReason.DEADLINE}
    assert len(exchange.recoveries()) == 1
    exchange.check_replay(node)


def die(*_):
    raise KeyboardInterrupt


def late_in_time(exchange, node):
    """The engine, having carried out in time what it didn't publish."""
    node._recovering.judged = lambda entries, applied, waiting: entries
    return node


def test_an_archived_log_tells_of_lateness_as_the_server_did(tmp_path, exchange):
    exchange.node()
    late = exchange.place()
    exchange.clock.advance(6)
    node = exchange.node()
    assert exchange.closed() == {late: CloseReason.DEADLINE}
    archived = Archived(exchange.log, exchange.clock, FolderArchive(tmp_path / "archive"))
    exchange.clock.advance(600)
    archived.archive(SMALL._replace(log_bytes_max=1, segment_bytes=1))
    assert len(exchange.log.entries) == 1
    whole = WholeLog(MemoryLogReader(exchange.log), ArchiveReader(archived.store))
    exchange.check_replay(node, reached(exchange.log, whole))
    assert exchange.log.trimmed > GENESIS
