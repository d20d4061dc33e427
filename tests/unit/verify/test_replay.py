"""Replay: the state at any position, from the log alone."""

import asyncio

import pytest
from nacl.signing import SigningKey

from truebook import commands
from truebook.clock import ManualClock
from truebook.commandlog.attestations import Attested, read, sign
from truebook.commandlog.chain import START
from truebook.commandlog.entries import for_engine, pack_entry
from truebook.commandlog.interface import Position
from truebook.commandlog.memory import MemoryLog, MemoryLogReader, MemoryLogServer
from truebook.engine.naive.engine import NaiveEngine
from truebook.faults import Fault
from truebook.genesis import DEFAULT_VENUE, commands_of
from truebook.verify.attested import first_at, trusted_of
from truebook.verify.replay import (
    BeyondTheEnd,
    Contradicted,
    commands_in,
    replay,
    replay_against,
)


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
    assert len(shares) == 4  # sixteen entries, then 256 at once
    assert sorted(shares) == shares
    assert shares[-1] == 1


def test_a_command_of_several_records_is_one():
    assert commands_in(pack_entry(1, 1, b"".join(commands_of(DEFAULT_VENUE)))) == 9


def attestation_at(server, count, state_hash):
    of = Attested(server.entries[count - 1].position, count, 0, START, START, state_hash)
    return read(sign(SigningKey.generate(), of))


def test_a_replay_is_held_against_what_is_attested_on_the_way(server):
    right = attestation_at(server, 300, hash_after(server, 300))
    log, clock = MemoryLogReader(server), ManualClock()
    assert replay_against(right, log, NaiveEngine(), clock) == replay(log, NaiveEngine(), clock)
    wrong = attestation_at(server, 300, bytes(16))
    with pytest.raises(Contradicted, match=f"at {server.entries[299].position} the state hash is"):
        replay_against(wrong, log, NaiveEngine(), clock)


def test_the_first_attestation_on_the_way_counts_and_none_of_a_faulty_engine(server):
    found = [attestation_at(server, count, bytes(16)) for count in (400, 300, 200)]
    faulty = found[1]._replace(fault=Fault("balances", "balance", "1", "2"))
    start, end = server.entries[249].position, server.entries[-1].position
    assert first_at(found, start, end) is found[1]
    assert first_at([found[0], faulty, found[2]], start, end) is found[0]
    assert first_at(found[2:], start, end) is None


def test_only_what_a_trusted_key_has_signed_is_an_attestation(server):
    key, of = SigningKey.generate(), attestation_at(server, 9, bytes(16)).of
    messages = [sign(key, of), sign(SigningKey.generate(), of), b"", sign(key, of)[:-1]]
    assert [a.of for a in trusted_of(messages, {bytes(key.verify_key): "engine-1"})] == [of]
