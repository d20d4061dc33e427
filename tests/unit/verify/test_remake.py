"""The event stream made again: from genesis or from a snapshot, the same."""

from venue.snapshotted import Exchange, work

from truebook.commandlog.interface import Tail
from truebook.commandlog.memory import MemoryLogReader
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import restore
from truebook.verify.remake import remade


def test_a_snapshot_makes_the_same_events_again_as_genesis(tmp_path):
    exchange = Exchange(tmp_path)
    node = exchange.node()
    exchange.found()
    exchange.snapshot(node)
    for number in range(2, 6):
        exchange.trade(number)
    work(node)
    log = MemoryLogReader(exchange.log)
    after = exchange.log.entries[3].position
    restored = restore(kept_by_all(exchange.root), NaiveEngine, log.chain_at, after)
    head = restored.snapshot.head
    begin = Tail(head.position, head.event_hash)
    whole = [entry._replace(replies=b"") for entry in exchange.bus.entries]
    end = whole[-1].position
    assert list(remade(log, restored.engine, after, end, begin)) == whole[4:]
    assert list(remade(log, NaiveEngine(), after, end)) == whole[4:]
    assert list(remade(log, NaiveEngine(), after, whole[-2].position)) == whole[4:-1]
    node.close()
