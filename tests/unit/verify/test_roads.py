"""Three roads, one state."""

import pytest
from store.database import store
from venue.snapshotted import Exchange, work

from truebook.clock import ManualClock
from truebook.commandlog.interface import GENESIS, Position
from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots.folder import kept_by_all
from truebook.store.reading import state_of
from truebook.store.sqlite.place import url_of
from truebook.verify.replay import replay
from truebook.verify.roads import NoRoad, from_genesis, from_snapshot, from_tables, nearest


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """Forty orders, the database at the 20th, snapshots at the 10th and the 30th, and a node that
    has seen it all."""
    folder = tmp_path_factory.mktemp("roads")
    exchange = Exchange(folder)
    node = exchange.node()
    exchange.found()
    for number in range(2, 41):
        exchange.trade(number)
        work(node)
        if number in (10, 30):
            exchange.snapshot(node)
        if number == 20:
            store(folder / "database", exchange.bus.entries)
    yield exchange
    node.close()


def roads(exchange, to):
    log = MemoryLogReader(exchange.log)
    state = state_of(url_of(exchange.folder / "database"))
    yield from_genesis(NaiveEngine)
    yield from_snapshot(log, kept_by_all(exchange.root), NaiveEngine, to)
    yield from_tables(log, state.position, state.tables, NaiveEngine, to)


@pytest.mark.parametrize("before_end", [0, 5, 15])
def test_genesis_snapshot_and_database_come_to_the_same_state(traded, before_end):
    log = MemoryLogReader(traded.log)
    to = traded.log.entries[-1 - before_end].position
    found = [
        replay(log, start.engine, ManualClock(), to, after=start.position)
        for start in roads(traded, to)
    ]
    assert len({one.state_hash for one in found}) == 1
    assert {one.position for one in found} == {to}
    assert found[0].commands > max(found[1].commands, found[2].commands)
    if not before_end:
        assert found[0].state_hash == traded.nodes[0].engine.state_hash()


def test_the_nearest_snapshot_before_a_position_is_begun_with(traded):
    log, kept = MemoryLogReader(traded.log), kept_by_all(traded.root)
    at = [one.position for one in kept]
    assert nearest(log, kept, NaiveEngine, traded.log.entries[-1].position).position == at[0]
    assert nearest(log, kept, NaiveEngine, at[1]).position == at[1]
    before = Position(at[1].high, at[1].low - 1) if at[1].low else Position(at[1].high - 1, 0)
    assert nearest(log, kept, NaiveEngine, before).position == GENESIS
    with pytest.raises(NoRoad, match="there is no snapshot up to"):
        from_snapshot(log, kept, NaiveEngine, before)


def test_a_database_that_is_further_or_of_another_log_is_no_road(traded):
    log = MemoryLogReader(traded.log)
    state = state_of(url_of(traded.folder / "database"))
    with pytest.raises(NoRoad, match="the database is at"):
        from_tables(log, state.position, state.tables, NaiveEngine, traded.log.entries[0].position)
    other = Position(state.position.high, state.position.low + 7)
    end = traded.log.entries[-1].position
    with pytest.raises(NoRoad, match="where this log has no entry"):
        from_tables(log, other, state.tables, NaiveEngine, end)
