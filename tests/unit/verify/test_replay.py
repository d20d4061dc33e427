"""Replay: the state at any position, from the log alone."""

import asyncio

import pytest

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import Position
from truebook.commandlog.memory import MemoryLog, MemoryLogReader, MemoryLogServer
from truebook.engine.naive.engine import NaiveEngine
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.verify.replay import BeyondTheEnd, commands_in, replay


@pytest.fixture
def server():
    """A log of 601 entries: genesis, then an account each; the second entry stands there twice."""
    server = MemoryLogServer(ManualClock(now_ms=1000))
    log = MemoryLog(server)
    records = b"".join(commands_of(DEFAULT_VENUE))
    entries = [pack_entry(1, 1, records)]
    for number in range(2, 601):
        entries.append(pack_entry(1, number, commands.set_account(name=f"account {number}")))
    entries.insert(2, entries[1])

    async def fill():
        for entry in entries:
            await log.append(entry)

    asyncio.run(fill())
    return server


def hash_after(server, count):
    engine = NaiveEngine()
    for entry in server.entries[:count]:
        engine.apply(for_engine(entry))
    return engine.state_hash()


def test_the_hash_at_the_end_is_a_live_engines(server):
    clock = ManualClock()
    replayed = replay(MemoryLogReader(server), NaiveEngine(), clock)
    assert replayed.position == server.entries[-1].position
    assert replayed.state_hash == hash_after(server, 601)
    assert replayed.seconds == 0


def test_commands_count_once_though_their_entry_stands_there_twice(server):
    replayed = replay(MemoryLogReader(server), NaiveEngine(), ManualClock())
    assert replayed.commands == len(commands_of(DEFAULT_VENUE)) + 599


@pytest.mark.parametrize("count", [1, 2, 255, 256, 257, 512, 600])
def test_a_replay_can_end_anywhere(server, count):
    to = server.entries[count - 1].position
    replayed = replay(MemoryLogReader(server), NaiveEngine(), ManualClock(), to)
    assert replayed.position == to
    assert replayed.state_hash == hash_after(server, count)


def test_between_two_entries_a_replay_ends_with_the_first(server):
    to = Position(server.entries[0].position.high - 1, 5)
    replayed = replay(MemoryLogReader(server), NaiveEngine(), ManualClock(), to)
    assert (replayed.position, replayed.commands) == (Position(0, 0), 0)


def test_behind_the_end_there_is_nothing_to_replay(server):
    last = server.entries[-1].position
    with pytest.raises(BeyondTheEnd, match=f"the log ends at {last}"):
        replay(MemoryLogReader(server), NaiveEngine(), ManualClock(), Position(last.high + 1, 0))


def test_an_empty_log_has_the_first_state():
    replayed = replay(MemoryLogReader(MemoryLogServer()), NaiveEngine(), ManualClock())
    assert (replayed.position, replayed.commands) == (Position(0, 0), 0)
    assert replayed.state_hash == NaiveEngine().state_hash()


def test_progress_goes_up_to_one(server):
    shares = []
    replay(MemoryLogReader(server), NaiveEngine(), ManualClock(), progress=shares.append)
    assert len(shares) == 3
    assert sorted(shares) == shares
    assert shares[-1] == 1


def test_a_command_of_several_records_is_one():
    assert commands_in(pack_entry(1, 1, b"".join(commands_of(DEFAULT_VENUE)))) == 9
