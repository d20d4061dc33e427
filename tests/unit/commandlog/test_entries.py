"""Entries as bytes: damage is found, and the chain covers everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truebook.commandlog.chain import START, extend
from truebook.commandlog.entries import (
    engine_pieces,
    for_engine,
    gateway_and_sequence,
    is_whole,
    pack_entry,
)
from truebook.commandlog.interface import LogEntry, Position
from truebook.limits import ENTRY_RECORDS_MAX, GATEWAYS_MAX
from truebook.messages import ENTRY, FORMAT_VERSION, CommandKind

RECORD = bytes([CommandKind.PLACE, 1]) + bytes(range(62))
AT = Position(1_700_000_000_123, 0)


def entry(data: bytes) -> LogEntry:
    return LogEntry(AT, AT.high, data)


def head(data: bytes) -> np.void:
    return np.frombuffer(data, ENTRY, 1)[0]


def test_an_entry_reaches_the_engine_with_the_log_servers_time():
    data = for_engine(entry(pack_entry(7, 9, RECORD * 3)))
    found = head(data)
    assert found["version"] == FORMAT_VERSION
    assert (found["gateway"], found["sequence"], found["count"]) == (7, 9, 3)
    assert found["time_ms"] == AT.high
    assert not found["zero_1"].any()
    assert data[64:] == RECORD * 3


def test_a_packed_entry_tells_its_gateway_and_sequence():
    assert gateway_and_sequence(pack_entry(GATEWAYS_MAX - 1, 1 << 62, RECORD)) == (
        GATEWAYS_MAX - 1,
        1 << 62,
    )


def test_any_flipped_bit_makes_the_entry_malformed_by_rule():
    whole = pack_entry(7, 9, RECORD * 2)
    for bit in range(len(whole) * 8):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << bit % 8
        found = for_engine(entry(bytes(data)))
        assert len(found) == 64
        assert (head(found)["version"], head(found)["count"]) == (0, 0)
        assert head(found)["time_ms"] == AT.high


@given(st.binary(max_size=300))
def test_any_bytes_at_all_reach_the_engine_as_a_lone_header(data):
    assert len(for_engine(entry(data))) == 64


@pytest.mark.parametrize("cut", [0, 1, 63, 64, 65, 191])
def test_a_torn_entry_is_malformed(cut):
    assert not is_whole(pack_entry(7, 9, RECORD * 2)[:cut])


def test_an_entry_with_something_behind_it_is_malformed():
    assert not is_whole(pack_entry(7, 9, RECORD) + RECORD)


@pytest.mark.parametrize(
    ("gateway", "sequence", "records"),
    [
        (0, 1, RECORD),
        (GATEWAYS_MAX, 1, RECORD),
        (1, 0, RECORD),
        (1, 1, b""),
        (1, 1, RECORD[:-1]),
        (1, 1, RECORD * (ENTRY_RECORDS_MAX + 1)),
    ],
)
def test_what_no_engine_would_accept_is_not_packed(gateway, sequence, records):
    with pytest.raises(ValueError, match=r"records|gateway"):
        pack_entry(gateway, sequence, records)


def test_a_batch_is_joined_from_pieces():
    entries = [entry(pack_entry(7, n, RECORD * n)) for n in (1, 2, 3)]
    joined = b"".join(piece for e in entries for piece in engine_pieces(e))
    assert joined == b"".join(for_engine(e) for e in entries)


def test_the_chain_depends_on_every_entry_its_place_and_its_order():
    one, two = Position(1, 0), Position(1, 1)
    chain = extend(extend(START, one, b"a"), two, b"b")
    assert len(chain) == 32
    others = [
        extend(extend(START, one, b"b"), two, b"a"),
        extend(extend(START, one, b"a"), Position(2, 0), b"b"),
        extend(extend(START, one, b"x"), two, b"b"),
        extend(START, two, b"b"),
        extend(extend(START, one, b"a"), two, b""),
    ]
    assert len({chain, *others}) == 6
