"""Engines that take snapshots, and start from them."""

import logging
import math
import os
import signal

import pytest
from nacl.signing import SigningKey
from venue.snapshotted import Exchange, wait_written, work

from truebook import commands
from truebook.commandlog.interface import (
    GENESIS,
    QUERIES_CHANNEL,
    EventEntry,
    Position,
    StreamLost,
)
from truebook.commandlog.memory import MemoryBusServer, MemoryLogServer, MemorySubscription
from truebook.commandlog.publication import START_AGAIN_S
from truebook.commandlog.quorum import VOTES_CHANNEL, Quorum
from truebook.queries import Query, decode_answer, encode_query
from truebook.snapshots.file import pack, unpack
from truebook.snapshots.keeping import FAILURES_MAX, Plan


def ends(node):
    return node.position, node.chain, node.entries, node.engine.state_hash()


def stream(exchange):
    return [(e.position, e.previous, e.events, e.event_hash) for e in exchange.bus.entries]


def test_a_snapshot_is_taken_when_it_is_time_and_there_was_anything(exchange):
    node = exchange.node()
    first = exchange.found()
    work(node)
    assert exchange.kept() == []
    exchange.snapshot(node)
    assert exchange.kept() == [first]
    exchange.snapshot(node)
    assert exchange.kept() == [first]
    second = exchange.trade(2)
    exchange.snapshot(node)
    assert exchange.kept() == [second, first]


def test_a_snapshot_is_taken_after_so_many_commands(exchange):
    node = exchange.node(plan=Plan(records=10, seconds=3600.0))
    exchange.found()
    work(node)
    exchange.clock.advance(6.0)
    work(node)
    wait_written(node)
    assert len(exchange.kept()) == 1


def test_the_last_ones_are_kept(exchange):
    node = exchange.node(plan=Plan(seconds=1.0, keep=2))
    exchange.found()
    positions = []
    for number in range(2, 6):
        positions.append(exchange.trade(number))
        exchange.snapshot(node)
    assert exchange.kept() == positions[:1:-1]


def test_an_engine_that_starts_from_a_snapshot_goes_on_as_if_nothing_had_happened(exchange):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    exchange.trade(2)
    work(node)
    expected = ends(node)
    again = exchange.node()
    work(again)
    assert ends(again) == expected
    assert again.status()["eventHash"] == node.status()["eventHash"]
    exchange.trade(3)
    before = len(stream(exchange))
    work(again)
    assert len(stream(exchange)) == before + 1
    assert stream(exchange)[-1][1] == expected[0]


def test_an_engine_that_was_read_from_genesis_and_one_from_a_snapshot_take_the_same_snapshot(
    exchange,
):
    node, never_stopped = exchange.node(), exchange.node("engine-2")
    exchange.found()
    work(never_stopped)
    exchange.snapshot(node)
    exchange.trade(2)
    again = exchange.node()
    for one in (again, never_stopped):
        work(one)
        exchange.snapshot(one)
    ours, theirs = (
        unpack("x", one.keeper._folder.path_of(one.position).read_bytes())
        for one in (again, never_stopped)
    )
    assert ours.head == theirs.head


def test_a_damaged_snapshot_is_named_and_an_earlier_one_used(exchange, caplog):
    node = exchange.node()
    first = exchange.found()
    exchange.snapshot(node)
    exchange.trade(2)
    exchange.snapshot(node)
    torn = node.keeper._folder.path_of(exchange.kept()[0])
    torn.write_bytes(torn.read_bytes()[:-10])
    again = exchange.node()
    with caplog.at_level(logging.INFO):
        work(again)
    assert f"snapshot {torn}: cut off: it is not used" in caplog.text
    assert f"starting from {again.keeper._folder.path_of(first)}" in caplog.text
    assert ends(again) == ends(node)


def test_a_snapshot_whose_state_was_changed_with_all_its_hashes_is_found_out(exchange, caplog):
    node = exchange.node()
    exchange.found()
    work(node)
    node.engine.state.ledger.balances[1, 0].available += 1
    snapshot = node._snapshot()
    honest = snapshot.head.state_hash
    node.engine.state.ledger.balances[1, 0].available -= 1
    forged = snapshot._replace(head=snapshot.head._replace(state_hash=node.engine.state_hash()))
    assert forged.head.state_hash != honest
    node.keeper._folder.clear()
    node.keeper._folder.write(node.position, pack(forged))
    again = exchange.node()
    work(again)
    assert "its state has the hash" in caplog.text
    assert ends(again) == ends(node)


def test_a_snapshot_of_another_log_is_refused_by_name(exchange, caplog, tmp_path):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    other = Exchange(tmp_path / "other")
    (tmp_path / "other").mkdir()
    other.root = exchange.root
    other.write(commands.set_account(name="stranger"))
    stranger = other.node()
    work(stranger)
    assert f"the log has no entry {exchange.kept()[0]}: it is not used" not in caplog.text
    # Of a later position than that log has: not even looked at.
    assert stranger.entries == 1
    stranger.close()
    other.nodes.clear()


def test_a_snapshot_with_another_chain_is_refused_by_name(exchange, caplog):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    log = MemoryLogServer(exchange.clock)
    for entry in exchange.log.entries:
        log.entries.append(entry._replace(data=entry.data))
    log.entries[0] = log.entries[0]._replace(data=log.entries[0].data + b"x")
    exchange.bus = MemoryBusServer()
    stranger = exchange.node(log=log)
    work(stranger)
    assert (
        f"snapshot {node.keeper._folder.path_of(node.position)}: is of another log" in caplog.text
    )
    assert "the chain at" in caplog.text


def test_a_peers_snapshot_is_used_where_there_is_none_of_its_own(exchange, caplog):
    node = exchange.node()
    first = exchange.found()
    exchange.snapshot(node)
    other = exchange.node("engine-2")
    with caplog.at_level(logging.INFO):
        work(other)
    assert f"starting from {node.keeper._folder.path_of(first)}" in caplog.text
    assert ends(other) == ends(node)


def test_an_empty_stream_is_begun_with_the_snapshots_last_entry(exchange):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    exchange.trade(2)
    work(node)
    whole = stream(exchange)
    exchange.bus = MemoryBusServer()
    work(exchange.node())
    assert stream(exchange) == whole[-2:]


def test_an_empty_stream_of_a_quiet_exchange_ends_where_it_did(exchange):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    tail = exchange.bus.tail()
    exchange.bus = MemoryBusServer()
    work(exchange.node())
    assert exchange.bus.tail() == tail


def test_a_snapshot_behind_the_end_of_the_stream_is_not_begun_with(exchange):
    """The stream must go on where it ends: nobody would have what comes next."""
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    exchange.trade(2)
    exchange.snapshot(node)
    del exchange.bus.entries[-1]
    again = exchange.node()
    work(again)
    assert ends(again) == ends(node)
    assert exchange.bus.tail().position == node.position


def test_engines_with_different_snapshots_fill_one_stream(exchange):
    # Not due again for two orders: else a later one may be written while the test goes on.
    older = exchange.node("engine-1", Plan(records=3, seconds=math.inf))
    newer = exchange.node("engine-2")
    exchange.found()
    work(older, newer)
    exchange.snapshot(older)
    exchange.trade(2)
    exchange.snapshot(newer)
    exchange.trade(3)
    work(older, newer)
    whole = stream(exchange)
    for order in ((0, 1), (1, 0)):
        exchange.bus = MemoryBusServer()
        nodes = [exchange.node("engine-1"), exchange.node("engine-2")]
        for node in nodes:
            assert node.start()
        for number in order:
            nodes[number].step()
        exchange.clock.advance(0.2)
        work(*nodes)
        found = stream(exchange)
        assert found == whole[-len(found) :]
        assert len(found) in (2, 3)


def test_an_engine_starts_again_where_nobody_fills_the_stream_up_to_its_snapshot(exchange):
    older, newer = exchange.node("engine-1"), exchange.node("engine-2")
    exchange.found()
    work(older, newer)
    exchange.snapshot(older)
    exchange.trade(2)
    exchange.trade(3)
    exchange.snapshot(newer)
    exchange.trade(4)
    work(older, newer)
    whole = stream(exchange)
    exchange.bus = MemoryBusServer()
    late = exchange.node("engine-2")
    assert late.start()
    exchange.bus.entries.append(next(e for e in exchange_entries(whole, older)))
    late.step()
    exchange.clock.advance(0.2)
    late.step()
    exchange.clock.advance(START_AGAIN_S + 1)
    with pytest.raises(StreamLost, match="must begin with an earlier snapshot"):
        late.step()
    work(exchange.node("engine-2"))
    assert stream(exchange)[-1] == whole[-1]


def exchange_entries(whole, node):
    at = node.keeper.latest[0]
    for position, previous, events, event_hash in whole:
        if position == at:
            yield EventEntry(position, previous, events, b"", event_hash)


def test_whoever_asks_is_told_of_the_snapshot_when_it_is_written(exchange):
    node = exchange.node()
    exchange.found()
    work(node)
    heard = []
    exchange.bus.receivers["me"] = [heard.append]
    query = encode_query(Query(1, "me", str(GENESIS), "snapshot"))
    exchange.bus.publish(QUERIES_CHANNEL, query)
    exchange.bus.publish(QUERIES_CHANNEL, query)
    work(node)
    wait_written(node)
    work(node)
    (told,) = (decode_answer(message).status for message in heard)
    path = exchange.root / "engine-1" / f"{node.position}.snapshot"
    assert told == {
        "engine": "engine-1",
        "position": str(node.position),
        "stateHash": node.engine.state_hash().hex(),
        "path": str(path),
    }
    assert path.exists()
    exchange.bus.publish(QUERIES_CHANNEL, encode_query(Query(2, "me", str(GENESIS), "snapshot")))
    work(node)
    assert decode_answer(heard[1]).status == told


def test_whoever_asks_is_told_although_trading_goes_on_meanwhile(exchange):
    node = exchange.node()
    position = exchange.found()
    work(node)
    heard = []
    exchange.bus.receivers["me"] = [heard.append]
    exchange.bus.publish(QUERIES_CHANNEL, encode_query(Query(1, "me", str(GENESIS), "snapshot")))
    node.step()
    exchange.trade(2)
    wait_written(node)
    work(node)
    (answer,) = [decode_answer(message) for message in heard]
    assert answer.status["position"] == str(position)


def test_what_came_since_the_latest_snapshot_stays_on_the_log_server(exchange):
    node = exchange.node()
    exchange.found()
    work(node)
    assert exchange.log.readers["engine-1"].position == GENESIS
    exchange.snapshot(node)
    exchange.trade(2)
    work(node)
    assert exchange.log.readers["engine-1"].position == exchange.kept()[0] < node.position


def test_a_snapshot_that_cant_be_written_is_said_and_holds_nothing_up(exchange, caplog):
    node = exchange.node()
    exchange.found()
    work(node)
    exchange.root.mkdir()
    (exchange.root / "engine-1").write_text("in the way")
    for number in range(FAILURES_MAX):
        exchange.trade(number + 2)
        exchange.snapshot(node)
    assert "a snapshot can't be written" in caplog.text
    assert node.status()["snapshotTrouble"]
    work(node)
    assert exchange.log.readers["engine-1"].position == node.position
    (exchange.root / "engine-1").unlink()
    exchange.trade(9)
    exchange.snapshot(node)
    assert node.status()["snapshotTrouble"] == ""
    assert exchange.log.readers["engine-1"].position == exchange.kept()[0]


def test_a_copy_that_was_killed_leaves_nothing_that_is_used(exchange, caplog):
    node = exchange.node()
    exchange.found()
    work(node)
    exchange.clock.advance(11.0)
    node.step()
    os.kill(node.keeper._fork.pid, signal.SIGKILL)
    wait_written(node)
    assert exchange.kept() == []
    assert "a snapshot can't be written: signal 9" in caplog.text
    exchange.snapshot(node)
    assert exchange.kept() == [node.position]
    assert list((exchange.root / "engine-1").glob("*.new")) == []


def test_a_position_is_what_names_the_file(exchange, caplog):
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    path = node.keeper._folder.path_of(node.position)
    later = exchange.trade(2)
    work(node)
    path.rename(node.keeper._folder.path_of(later))
    again = exchange.node()
    work(again)
    assert f"is that of {path.stem}" in caplog.text
    assert ends(again) == ends(node)
    assert Position.parse(path.stem) < later


def test_with_a_quorum_engines_agree_on_a_snapshot_that_nothing_comes_after(exchange):
    """The bus is lost, both begin at the log's last entry, and no other would come before it is
    answered."""
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    exchange.bus = MemoryBusServer()
    nodes = [exchange.node(name) for name in ("engine-1", "engine-2")]
    keys = [SigningKey.generate() for _ in nodes]
    trusted = frozenset(bytes(key.verify_key) for key in keys)
    for node, key in zip(nodes, keys, strict=True):
        votes = MemorySubscription(exchange.bus, VOTES_CHANNEL)
        node._quorum = node._publication._quorum = Quorum(
            2, lambda key=key: key, node._publisher, votes, lambda: trusted, exchange.clock
        )
    work(*nodes)
    assert [entry.position for entry in exchange.bus.entries] == exchange.kept()
