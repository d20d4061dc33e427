"""What is trimmed is what everybody has read; and who reads too late is told."""

import itertools
import time

import pytest
from venue.archived import fill_stream

from truebook.clock import ManualClock
from truebook.commandlog.interface import GENESIS, LogLost, LogTrimmed, LogUnavailable, Position
from truebook.commandlog.valkey_reader import RECONNECT_S, REGISTER_S, STALL_S_MAX, ValkeyLogReader
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer

_shards = itertools.count(900_000)
COUNT = 1000
LONG_MS = 3_600_000


@pytest.fixture
def positions(logs):
    """Of a thousand entries, of which a server's stream makes several nodes."""
    return logs.fill(COUNT)


@pytest.fixture
def trimmer(logs):
    trimmer = logs.trimmer()
    yield trimmer
    trimmer.close()


@pytest.fixture
def reader(logs):
    reader = logs.reader()
    yield reader
    reader.close()


@pytest.fixture
def engine(logs):
    reader = logs.reader("engine-1")
    yield reader
    reader.close()


def followed(reader, after):
    until = time.monotonic() + 5
    while not (entries := reader.follow(after, 10)) and time.monotonic() < until:
        time.sleep(0.001)
    return entries


def test_an_untouched_log_is_not_trimmed(reader, trimmer, positions):
    assert trimmer.trimmed() == GENESIS
    reader.check_holds(GENESIS)
    reader.check_holds(positions[7])


def test_a_trim_keeps_the_entry_at_its_bound_and_all_behind_it(reader, trimmer, positions):
    trim = trimmer.trim(positions[500], LONG_MS)
    assert (trim.bound, trim.holder, trim.vanished) == (positions[500], "", [])
    assert 300 < trim.entries <= 500
    assert trimmer.trimmed() == positions[500]
    reader.check_holds(positions[500])
    entries = reader.read(positions[500], COUNT, 0)
    assert [entry.position for entry in entries] == positions[501:]
    assert [entry.position for entry in followed(reader, positions[500])] == positions[501:511]


@pytest.mark.parametrize("index", [-1, 0, 499])
def test_nobody_reads_over_what_was_trimmed(reader, trimmer, positions, index):
    trimmer.trim(positions[500], LONG_MS)
    after = positions[index] if index >= 0 else GENESIS
    for read in (
        lambda: reader.check_holds(after),
        lambda: reader.read(after, 10, 0),
        lambda: reader.follow(after, 10),
    ):
        with pytest.raises(LogTrimmed):
            read()


def test_a_registered_reader_holds_the_trim_where_it_is(engine, trimmer, positions):
    engine.check_holds(positions[100])
    trim = trimmer.trim(positions[500], LONG_MS)
    assert (trim.bound, trim.holder) == (positions[100], "engine-1")
    assert [entry.position for entry in followed(engine, positions[100])] == positions[101:111]
    trimmer.register("engine-1", positions[-1])
    trim = trimmer.trim(positions[500], LONG_MS)
    assert (trim.bound, trim.holder) == (positions[500], "")


def test_the_slowest_reader_counts(trimmer, positions):
    for name, index in (("engine-1", 400), ("snapshot", 200), ("engine-2", 999)):
        trimmer.register(name, positions[index])
    trim = trimmer.trim(positions[500], LONG_MS)
    assert (trim.bound, trim.holder) == (positions[200], "snapshot")
    assert {(r.name, r.position) for r in trimmer.readers()} == {
        ("engine-1", positions[400]),
        ("snapshot", positions[200]),
        ("engine-2", positions[999]),
    }


def test_a_reader_before_the_first_entry_holds_everything(trimmer, positions):
    trimmer.register("engine-1", GENESIS)
    trim = trimmer.trim(positions[500], LONG_MS)
    assert (trim.bound, trim.entries, trim.holder) == (GENESIS, 0, "engine-1")


def test_a_reader_without_a_sign_is_forgotten(trimmer, positions):
    trimmer.register("engine-1", positions[100])
    time.sleep(0.005)
    trim = trimmer.trim(positions[500], 1)
    assert (trim.bound, trim.vanished) == (positions[500], ["engine-1"])
    assert trimmer.readers() == []


def test_a_trim_never_goes_back(trimmer, positions):
    trimmer.trim(positions[500], LONG_MS)
    assert trimmer.trim(positions[300], LONG_MS).bound == positions[500]
    trimmer.register("engine-1", positions[100])
    assert trimmer.trim(positions[600], LONG_MS).bound == positions[500]


def test_a_position_that_was_never_there_is_lost(reader, positions):
    behind = Position(positions[-1].high + 1, 0)
    with pytest.raises(LogLost):
        reader.check_holds(behind)


def test_positions_of_twenty_digits_are_compared_as_numbers(trimmer, positions):
    trimmer.register("engine-1", Position((1 << 64) - 1, (1 << 64) - 1))
    trimmer.register("engine-2", Position((1 << 64) - 1, 9))
    assert trimmer.trim(positions[-1], LONG_MS).holder == ""


def test_a_trim_frees_the_servers_memory(log_server):
    shard = next(_shards)
    trimmer = ValkeyTrimmer(log_server.url, shard=shard)
    before = trimmer.memory_bytes()
    positions = fill_stream(log_server.url, shard, [bytes(5000)] * 400)
    full = trimmer.memory_bytes()
    trimmer.trim(positions[-1], LONG_MS)
    assert full - before > 1_900_000
    assert trimmer.memory_bytes() - before < 200_000
    trimmer.close()


@pytest.fixture
def stalling(log_server):
    """A named reader on a server, with a clock; its log has ten entries."""
    shard = next(_shards)
    clock = ManualClock()
    reader = ValkeyLogReader(log_server.url, shard=shard, clock=clock, name="engine-1")
    trimmer = ValkeyTrimmer(log_server.url, shard=shard)
    yield reader, clock, trimmer, lambda count: fill_stream(log_server.url, shard, [b"e"] * count)
    reader.close()
    trimmer.close()


def test_a_follower_says_now_and_then_where_it_is(stalling):
    reader, clock, trimmer, append = stalling
    positions = append(10)
    after = followed(reader, GENESIS)[-1].position
    assert after == positions[-1]
    assert reader.follow(after, 10) == []
    assert trimmer.readers()[0].position == GENESIS
    more = append(1)
    assert followed(reader, after)[-1].position == more[-1]
    clock.advance(REGISTER_S + 1)
    assert reader.follow(more[-1], 10) == []
    more += append(1)
    assert [e.position for e in followed(reader, more[0])] == more[1:]
    assert trimmer.readers()[0].position == more[0]


@pytest.mark.parametrize("pass_time", [ManualClock.advance, ManualClock.jump])
def test_a_follower_that_was_stopped_for_long_does_not_jump_over_a_trim(stalling, pass_time):
    """By itself, or with its machine, whose other clock then stood still."""
    reader, clock, trimmer, append = stalling
    positions = append(10)
    after = followed(reader, GENESIS)[-1].position
    assert reader.follow(after, 10) == []
    positions += append(500)
    time.sleep(0.005)
    assert trimmer.trim(positions[400], 1).vanished == ["engine-1"]
    pass_time(clock, STALL_S_MAX + 1)
    clock.advance(RECONNECT_S)
    with pytest.raises(LogTrimmed):
        reader.follow(after, 10)


def test_a_server_that_is_gone_is_unavailable(tmp_path):
    trimmer = ValkeyTrimmer(f"unix://{tmp_path}/none.sock")
    with pytest.raises(LogUnavailable):
        trimmer.trimmed()
