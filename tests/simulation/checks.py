"""What must hold once everything is healed: the invariants of the whole system, seen from outside.

Promise: nothing here believes what a process says of itself. The truth is computed anew: a plain
engine is given every entry that was ever written, in order, and its events are folded by a reader
that shares no code with any engine (tests/model). Whatever anybody was told, or keeps, must follow
from that.
"""

import itertools
import sqlite3
from collections import Counter
from decimal import Decimal

from model.fold import Fold
from model.invariants import check_engine
from simulation.traders import Ending

from truebook.commandlog.archive.reading import ArchiveReader
from truebook.commandlog.archive.store import FolderArchive
from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import for_engine
from truebook.commandlog.interface import GENESIS
from truebook.commandlog.memory import MemoryLogReader
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.replies import split
from truebook.commandlog.whole_log import WholeLog
from truebook.engine.naive.engine import NaiveEngine
from truebook.messages import EntryStatus, EventKind
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import load, read
from truebook.store.sqlite.state import read_state
from truebook.verify.witness_folder import WitnessFolder


class Truth:
    """What the log says: every entry, what was made of it, and the state in the end."""

    def __init__(self, world):
        log = sure_log(world)
        self.entries = []
        while found := log.read(self.entries[-1].position if self.entries else GENESIS, 256, 0):
            self.entries += found
        self.engine = NaiveEngine()
        self.fold = Fold()
        self.made = {}
        self.hashes = {}
        self.chain = self.event_hash = START
        for entry in self.entries:
            applied = self.engine.apply(for_engine(entry))
            self.fold.read(applied.events, applied.replies)
            made = split(applied.events, applied.replies, 1)[0]
            self.made[entry.position] = made
            self.chain = extend(self.chain, entry.position, entry.data)
            self.event_hash = extend(self.event_hash, entry.position, made.events)
            self.hashes[entry.position] = self.event_hash

    def applied(self):
        """The entries that were carried out."""
        return [e for e in self.entries if self.made[e.position].status == EntryStatus.APPLIED]


def sure_log(world):
    """The whole log, server and archive, read without a network."""
    archive = ArchiveReader(FolderArchive(world.archive))
    whole = WholeLog(MemoryLogReader(world.log), archive)
    return ReachedLog(whole, MemoryRecoveryBook(world.log))


# coming together


def is_converged(world):
    """True once everybody is where the log ends; else what isn't."""
    end = world.log.last_position()
    for role in world.roles:
        if not role.process.is_alive:
            return f"{role.name} is dead"
    for role in world.engines:
        node = role.node
        if node is None or node.position != end or not node.is_caught_up:
            return f"{role.name} stands at {node and node.position}, not {end}"
        if node.entries != len(world.log.all):
            return f"{role.name} has counted {node.entries} entries"
    if world.bus.tail().position != end:
        return f"the event stream ends at {world.bus.tail().position}, not {end}"
    if world.feed is not None and (world.feed.feed is None or told_by(world) != end):
        return f"the feed doesn't stand at {end}"
    if world.store is not None and world.store.projection.tail.position != end:
        return f"the database stands at {world.store.projection.tail.position}, not {end}"
    if world.archiver is not None:
        status = world.archiver.archiving.trouble
        if status:
            return status
    return True


def told_by(world):
    return world.feed.feed.publisher.position


def readers_agree(world):
    """True once the readers know what the engine knows; else what they don't."""
    node = world.engines[0].node
    if node is None or not node.is_caught_up:
        return "the engine has not caught up"
    engine = node.engine
    depth, private = world.readers
    if depth.levels is None:
        return "the depth reader knows no levels"
    expected = tuple(
        {Decimal(price) / 100: Decimal(lots) / 100 for price, lots in side.tolist()}
        for side in engine.depth(0)
    )
    if depth.levels != expected:
        return f"depth is {depth.levels}, not {expected}"
    sequence = engine.account_sequence(private.account)
    if private.numbering is None or private.numbering.number != sequence:
        return f"private updates end at {private.numbering.number}, not {sequence}"
    return True


# in the end


def check(world):
    """Raise AssertionError for what doesn't hold."""
    truth = Truth(world)
    check_log(world, truth)
    check_engines(world, truth)
    check_stream(world, truth)
    check_snapshots(world, truth)
    check_diaries(world, truth)
    if world.store is not None:
        check_database(world, truth)
    check_witness(world)


def check_log(world, truth):
    """Server and archive have every entry that was ever written (I12)."""
    written = [(entry.position, entry.data) for entry in world.log.all]
    assert [(e.position, e.data) for e in truth.entries] == written, "I12: the log lost entries"


def check_engines(world, truth):
    """All engines have the state, and had the events, that the log gives (I1 … I8)."""
    check_engine(truth.fold, truth.engine)
    state_hash = truth.engine.state_hash()
    for role in world.engines:
        node = role.node
        assert node.halted is None, f"{role.name} is halted at {node.halted}"
        assert node.engine.state_hash() == state_hash, f"I8: {role.name} has another state"
        assert node.chain == truth.chain, f"I8: {role.name} read another log"
        assert node.entries == len(truth.entries), f"{role.name} counted {node.entries} entries"
        status = node.status()
        assert status["eventHash"] == truth.event_hash.hex(), f"I8: {role.name}: other events"


def check_stream(world, truth):
    """What was told is what the log gives; the stream has no hole (I8, I11)."""
    for position, entry in world.observer.told.items():
        made = truth.made[position]
        assert entry.events == made.events, f"I8: other events at {position}"
        assert entry.replies == made.replies, f"I8: other replies at {position}"
        assert entry.event_hash == truth.hashes[position], f"I8: other hash at {position}"
    entries = world.bus.entries
    for before, entry in itertools.pairwise(entries):
        assert entry.previous == before.position, f"I11: a hole before {entry.position}"


def check_snapshots(world, truth):
    """From every snapshot that is kept the log leads to the same state (I8)."""
    for kept in kept_by_all(world.snapshots):
        snapshot = read(kept)
        engine = load(str(kept.path), snapshot, NaiveEngine())
        for entry in truth.entries:
            if entry.position > kept.position:
                engine.apply(for_engine(entry))
        assert engine.state_hash() == truth.engine.state_hash(), f"I8: from {kept.path.name}"
        assert snapshot.head.event_hash == truth.hashes[kept.position], "I8: a snapshot's hash"


def check_diaries(world, truth):
    """Nothing acknowledged is lost, nothing is done twice (I9, I10, I12)."""
    applied = [entry.data for entry in truth.applied()]
    for page in (page for trader in world.traders for page in trader.pages):
        for attempt in page.ended(Ending.DONE):
            made = truth.made.get(attempt.position)
            assert made is not None, f"I12: {page} is lost"
            assert made.status == EntryStatus.APPLIED, f"I12: {page} was not applied"
            assert attempt.replies in made.replies, f"I12: {page} was told another story"
        if page.is_unique:
            check_once(page, sum(page.records in data for data in applied))


def check_once(page, count):
    """A request that can be recognised was carried out as often as its sender may believe."""
    assert count <= 1 or not (page.is_marked or len(page.attempts) == 1), f"I10: twice: {page}"
    if page.ended(Ending.DONE):
        assert count, f"I12: lost: {page}"
    elif not page.ended(Ending.UNKNOWN, Ending.LOST, Ending.UNHEARD):
        assert not count, f"I9: it was certainly not written, and is there: {page}"


def check_database(world, truth):
    """The rows are those of the events, each once; they give the same state (I7, I8)."""
    state = read_state(world.database)
    engine = NaiveEngine()
    engine.load(state.tables)
    assert engine.state_hash() == truth.engine.state_hash(), "I8: the database has another state"
    trades = Counter()
    for made in truth.made.values():
        trades.update(_trades(made.events))
    connection = sqlite3.connect(world.database)
    try:
        query = "SELECT market, id, price, qty FROM trades"
        rows = Counter(connection.execute(query).fetchall())
    finally:
        connection.close()
    assert rows == trades, "I10: trades in the database"


def _trades(events):
    from model.decoding import events_of

    for kind, event, _ in events_of(events):
        if kind == EventKind.FILL:
            yield event.market, event.trade_id, event.price, event.quantity


def check_witness(world):
    """Nobody is accused who did nothing."""
    verdicts = WitnessFolder(world.folder / "witness").verdicts()
    assert not verdicts, f"a false alarm: {verdicts[0]}"
    assert world.log.standing.standing.halt is None, "the venue is halted"
