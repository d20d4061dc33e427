"""A snapshot's bytes: what was packed comes out, or it is said that something is wrong."""

import pytest

from truebook.commandlog.interface import Position
from truebook.engine.canonical.tables import digest
from truebook.engine.naive.engine import NaiveEngine
from truebook.snapshots.file import HEAD_BYTES, Head, Snapshot, SnapshotDamaged, pack, unpack


@pytest.fixture(scope="module")
def small():
    engine = NaiveEngine()
    head = Head(
        position=Position(1_000, 3),
        previous=Position(1_000, 1),
        entries=2,
        time_ms=engine.time_ms(),
        rules_version=1,
        chain=bytes(range(32)),
        event_hash=bytes(range(32, 64)),
        state_hash=engine.state_hash(),
        build="1.2.3",
    )
    return Snapshot(head, engine.export(), b"events..", b"replies.")


@pytest.fixture(scope="module")
def data(small):
    return b"".join(pack(small))


def test_what_was_packed_comes_out(small, data):
    found = unpack("x", data)
    assert found.head == small.head._replace(canonical_hash=digest(small.tables))
    assert found.last.position == Position(1_000, 3)
    assert (found.last.previous, found.last.events) == (Position(1_000, 1), b"events..")
    assert digest(found.tables) == digest(small.tables)
    engine = NaiveEngine()
    engine.load(found.tables)
    assert engine.state_hash() == small.head.state_hash


def test_every_byte_that_is_changed_is_noticed(data):
    for at in range(len(data)):
        for bit in (1, 0x80):
            changed = bytearray(data)
            changed[at] ^= bit
            with pytest.raises(SnapshotDamaged):
                unpack("x", bytes(changed))


def test_every_cut_and_every_addition_is_noticed(data):
    for length in range(len(data)):
        with pytest.raises(SnapshotDamaged):
            unpack("x", data[:length])
    for more in (b"\0", data[:HEAD_BYTES], data):
        with pytest.raises(SnapshotDamaged, match="has more behind its end"):
            unpack("x", data + more)


def test_what_is_wrong_is_said(data):
    with pytest.raises(SnapshotDamaged, match="snapshot x: cut off inside its head"):
        unpack("x", data[:100])
    with pytest.raises(SnapshotDamaged, match="doesn't begin as a snapshot does"):
        unpack("x", b"x" * 1000)
    with pytest.raises(SnapshotDamaged, match="its content was changed"):
        unpack("x", data[:-1] + b"x")
