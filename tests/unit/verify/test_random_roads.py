"""Three roads, one state, whatever the log is full of: random commands of all kinds, damaged ones
among them, entries that are repeated and entries that skip a number."""

from itertools import pairwise

import numpy as np
import pytest
from model.commands import Commands
from model.world import founding
from store.database import store
from venue.snapshotted import Exchange, wait_written, work

from truebook.clock import ManualClock
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import GENESIS
from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.queries import Query
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.keeping import Plan
from truebook.store.reading import state_of
from truebook.store.sqlite.place import url_of
from truebook.verify.replay import replay
from truebook.verify.roads import from_genesis, from_snapshot, from_tables

RULES = 2
COMMANDS_PER_ENTRY = 64
CHUNK = 4096


def entries_of(seed, count):
    """Records of entries with that many random commands in all."""
    commands = Commands(seed, RULES)
    for first in range(0, count, CHUNK):
        records, starts = commands.chunk(min(CHUNK, count - first))
        bounds = [*starts[::COMMANDS_PER_ENTRY].tolist(), len(records)]
        for start, end in pairwise(bounds):
            yield records[start:end].tobytes()


def write_campaign(exchange, node, seed, count):
    """Let the node follow; snapshots at a quarter and at three. How much was published by half."""
    luck = np.random.default_rng(seed)
    batches = list(entries_of(seed, count))
    marks = [len(batches) * quarter // 4 for quarter in (1, 2, 3)]
    half = 0
    for number, records in enumerate(batches):
        exchange.write(records)
        fate = luck.random()
        if fate < 0.02:
            exchange.log.append(exchange.log.entries[-1].data)
        elif fate < 0.04:
            exchange.log.append(pack_entry(1, exchange.sequence + 2, records))
        work(node)
        if number in (marks[0], marks[2]):
            node.keeper.ask(Query(number, "asked", str(GENESIS), "snapshot"))
            work(node)
            wait_written(node)
        if number == marks[1]:
            half = len(exchange.bus.entries)
    return half


def roads(exchange, place, to):
    log = MemoryLogReader(exchange.log)
    state = state_of(url_of(place))
    assert GENESIS < state.position < to
    yield from_genesis(exchange.make_engine)
    yield from_snapshot(log, kept_by_all(exchange.root), exchange.make_engine, to)
    yield from_tables(log, state.position, state.tables, exchange.make_engine, to)


def check_roads(folder, make_engine, seed, count):
    exchange = Exchange(folder, make_engine)
    node = exchange.node(plan=Plan(records=1 << 60, seconds=3600.0))
    exchange.write(*(command.tobytes() for command in founding(rules=RULES)))
    half = write_campaign(exchange, node, seed, count)
    store(folder / "database", exchange.bus.entries[:half])
    log, end = MemoryLogReader(exchange.log), exchange.log.entries[-1].position
    found = [
        replay(log, start.engine, ManualClock(), end, after=start.position)
        for start in roads(exchange, folder / "database", end)
    ]
    right = node.engine.state_hash()
    node.close()
    assert [one.state_hash for one in found] == [right] * 3, f"seed {seed}"
    assert {one.position for one in found} == {end}
    assert found[0].commands > found[2].commands > found[1].commands > 0
    return found[0].commands


def test_genesis_snapshot_and_database_agree_after_random_commands(tmp_path):
    seed = int(np.random.default_rng().integers(1 << 32))
    assert check_roads(tmp_path, NaiveEngine, seed, 3_000) > 2_000


@pytest.mark.night
@pytest.mark.timeout(3600)
def test_genesis_snapshot_and_database_agree_after_a_million_random_commands(tmp_path):
    # Imported here: to collect the tests must not compile the engine.
    from truebook.engine.fast import FastEngine

    seed = int(np.random.default_rng().integers(1 << 32))
    print("seed", seed)
    assert check_roads(tmp_path, FastEngine, seed, 1_000_000) > 900_000
