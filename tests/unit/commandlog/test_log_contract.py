"""What every log promises, whatever it is made of."""

import asyncio
import select
import threading
import time

import pytest

from truebook.commandlog.interface import GENESIS


def test_an_empty_log_ends_at_genesis(logs):
    async def ask():
        log = logs.log()
        assert await log.last_position() == GENESIS
        await log.close()

    asyncio.run(ask())
    reader = logs.reader()
    assert reader.last_position() == GENESIS
    assert reader.read(GENESIS, 10, 0) == []
    reader.close()


def test_entries_are_read_as_they_were_appended_and_in_that_order(logs):
    texts = [b"first", b"", bytes(range(256)) * 1024, b"last"]

    async def append():
        log = logs.log()
        positions = [await log.append(text) for text in texts]
        assert await log.last_position() == positions[-1]
        await log.close()
        return positions

    positions = asyncio.run(append())
    assert positions == sorted(set(positions))
    assert positions[0] > GENESIS
    reader = logs.reader()
    entries = reader.read(GENESIS, 10, 0)
    assert [(e.position, e.data) for e in entries] == list(zip(positions, texts, strict=True))
    assert [e.time_ms for e in entries] == [p.high for p in positions]
    assert reader.read(positions[0], 2, 0) == entries[1:3]
    assert reader.read(positions[-1], 2, 0) == []
    assert reader.last_position() == positions[-1]
    reader.close()


def test_a_gateway_number_is_never_given_twice(logs):
    async def lease():
        one, other = logs.log(), logs.log()
        numbers = [await log.lease_gateway() for log in (one, other, one, other)]
        await one.close()
        await other.close()
        return numbers

    assert asyncio.run(lease()) == [1, 2, 3, 4]


def test_a_blocked_reader_is_woken_by_an_append(logs):
    found = []

    def read():
        reader = logs.reader()
        found.extend(reader.read(GENESIS, 10, 10_000))
        reader.close()

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(0.05)
    asyncio.run(append_all(logs, [b"news"]))
    thread.join(5)
    assert [entry.data for entry in found] == [b"news"]


def test_a_blocked_reader_gives_up_in_time(logs):
    reader = logs.reader()
    assert reader.read(GENESIS, 10, 30) == []
    reader.close()


def test_a_follower_gets_each_entry_once_without_ever_waiting(logs):
    reader = logs.reader()
    after, found = GENESIS, []
    for size in (0, 1, 7, 100):
        asyncio.run(append_all(logs, [b"%d" % n for n in range(size)]))
        found.clear()
        until = time.monotonic() + 5
        while len(found) < size and time.monotonic() < until:
            entries = reader.follow(after, 20)
            assert len(entries) <= 20
            found += entries
            after = entries[-1].position if entries else after
        assert [e.data for e in found] == [b"%d" % n for n in range(size)]
        assert reader.follow(after, 4) == []
    reader.close()


def test_a_follower_can_be_waited_for(logs):
    reader = logs.reader()
    assert reader.follow(GENESIS, 4) == []
    if reader.fileno() >= 0:
        assert select.select([reader], [], [], 0)[0] == []
        asyncio.run(append_all(logs, [b"news"]))
        assert select.select([reader], [], [], 5)[0] == [reader]
        assert [e.data for e in reader.follow(GENESIS, 4)] == [b"news"]
    reader.close()


def test_a_follower_may_read_in_between_and_go_elsewhere(logs):
    reader = logs.reader()
    assert reader.follow(GENESIS, 4) == []
    asyncio.run(append_all(logs, [b"a", b"b", b"c"]))
    entries = reader.read(GENESIS, 10, 0)
    assert [e.data for e in entries] == [b"a", b"b", b"c"]
    assert [e.data for e in followed(reader, entries[0].position)] == [b"b", b"c"]
    assert [e.data for e in followed(reader, entries[1].position)] == [b"c"]
    reader.close()


@pytest.mark.parametrize("writers", [3])
def test_each_writers_entries_keep_their_order(logs, writers):
    async def write(name):
        log = logs.log()
        for n in range(20):
            await log.append(b"%d %d" % (name, n))
        await log.close()

    async def write_all():
        await asyncio.gather(*(write(name) for name in range(writers)))

    asyncio.run(write_all())
    reader = logs.reader()
    texts = [e.data.split() for e in reader.read(GENESIS, 1000, 0)]
    reader.close()
    assert len(texts) == writers * 20
    for name in range(writers):
        assert [int(n) for w, n in texts if int(w) == name] == list(range(20))


async def _append_all(logs, texts):
    log = logs.log()
    for text in texts:
        await log.append(text)
    await log.close()


def append_all(logs, texts):
    return _append_all(logs, texts)


def followed(reader, after):
    until = time.monotonic() + 5
    while not (entries := reader.follow(after, 10)) and time.monotonic() < until:
        time.sleep(0.001)
    return entries
