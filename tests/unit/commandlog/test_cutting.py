"""Where the event stream is cut back, what was told of it counts as reached in time."""

import itertools

from truebook.commandlog.chain import START
from truebook.commandlog.cutting import EventStreamEnd
from truebook.commandlog.interface import GENESIS, EventEntry, Position, Tail
from truebook.commandlog.valkey_publisher import ValkeyPublisher

_shards = itertools.count(700_000)


def entry(n):
    previous = Position(1000, n - 1) if n > 1 else GENESIS
    return EventEntry(Position(1000, n), previous, b"events", b"replies", bytes([n]) * 32)


def test_what_was_told_before_a_cut_is_never_late(bus_server):
    shard = next(_shards)
    publisher = ValkeyPublisher(bus_server.url, shard=shard)
    stream = EventStreamEnd(bus_server.url, shard=shard)
    life = publisher.life()
    publisher.begin(life, Position(900, 0), 0)
    publisher.append(Tail(GENESIS, START), [entry(n) for n in (1, 2, 3)], [])
    after = Tail(entry(1).position, entry(1).event_hash)
    assert stream.cut(after) == 2
    assert publisher.tail() == after
    assert publisher.begin(life, Position(2000, 0), 0) == (Position(1000, 3), 0)
    assert stream.cut(after) == 0
    assert publisher.begin(life, Position(2000, 0), 0) == (Position(1000, 3), 0)
    publisher.close()
    stream.close()
