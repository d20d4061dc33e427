"""A segment gives back what went in, or says what is wrong with it."""

import random
import zlib

import pytest
from blake3 import blake3

from truebook.commandlog.archive.packing import ZLIB
from truebook.commandlog.archive.segment import (
    HEAD_BYTES,
    End,
    SegmentDamaged,
    SegmentWriter,
    name_of,
    parse_name,
    read_head,
    read_segment,
    unpack,
)
from truebook.commandlog.chain import START, extend
from truebook.commandlog.interface import LogEntry, Position

ENTRIES = [
    LogEntry(Position(high, low), high, data)
    for high, low, data in [
        (1_700_000_000_000, 0, b"first"),
        (1_700_000_000_000, 1, b""),
        (1_700_000_000_007, 0, bytes(range(256)) * 3),
        ((1 << 64) - 1, (1 << 64) - 1, b"last"),
    ]
]


def packed(entries=ENTRIES, before=End()):  # noqa: B008
    writer = SegmentWriter(before)
    for entry in entries:
        writer.add(entry)
    return writer.finish()


def of_before(data, content):
    """The segment as it was made when there was zlib only."""
    head, old = bytearray(data[: HEAD_BYTES - 32]), zlib.compress(content, 1)
    head[10] = ZLIB
    head[96:104] = len(old).to_bytes(8, "little")
    head[168:200] = blake3(old).digest()
    return bytes(head) + blake3(head).digest() + old


@pytest.fixture(params=["zlib", "zstd"])
def segment(request):
    name, data, _ = packed()
    if request.param == "zlib":
        data = of_before(data, unpack(name, data)[1])
    return name, data


def test_a_segment_is_read_whichever_way_it_was_packed(segment):
    head, entries = read_segment(*segment)
    assert entries == ENTRIES
    assert (head.before, head.after.chain) == (End(), packed()[2].chain)


def test_a_compression_of_a_later_version_is_refused():
    name, data, _ = packed()
    head = bytearray(data[: HEAD_BYTES - 32])
    head[10] = 3
    with pytest.raises(SegmentDamaged, match=r"format 1\.3: of a later version"):
        read_segment(name, bytes(head) + blake3(head).digest() + data[HEAD_BYTES:])


def test_entries_come_back_with_their_positions_times_and_bytes():
    name, data, end = packed()
    head, entries = read_segment(name, data)
    assert entries == ENTRIES
    assert (head.first, head.last, head.entries) == (ENTRIES[0][0], ENTRIES[-1][0], 4)
    assert head.after == end
    assert head.before == End()


def test_the_chain_is_the_logs():
    chain = START
    for entry in ENTRIES:
        chain = extend(chain, entry.position, entry.data)
    assert packed()[2].chain == chain


def test_a_segment_follows_on_the_one_before():
    _, _, middle = packed(ENTRIES[:2])
    name, data, end = packed(ENTRIES[2:], middle)
    assert read_segment(name, data)[0].before == middle
    assert (end.number, end.entries, end.chain) == (2, 4, packed()[2].chain)


def test_every_flipped_bit_is_found(segment):
    name, data = segment
    for byte in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[byte] ^= 1 << bit
            with pytest.raises(SegmentDamaged, match=name):
                read_segment(name, bytes(damaged))


def test_a_segment_cut_anywhere_is_found_with_the_byte(segment):
    name, data = segment
    for length in range(len(data)):
        with pytest.raises(SegmentDamaged, match="cut off") as found:
            read_segment(name, data[:length])
        assert found.value.byte == length


def test_bytes_behind_the_end_are_found(segment):
    name, data = segment
    with pytest.raises(SegmentDamaged, match=f"byte {len(data)}: has more behind its end"):
        read_segment(name, data + b"\0")


def test_garbage_is_found():
    rng = random.Random(1)
    for length in (0, 1, HEAD_BYTES, 5000):
        with pytest.raises(SegmentDamaged):
            read_segment(name_of(1, Position(1, 0)), rng.randbytes(length))


def test_a_segment_under_another_ones_name_is_found():
    _, data, _ = packed()
    with pytest.raises(SegmentDamaged, match="is the segment 00000001-1700000000000-0"):
        read_head(name_of(2, Position(5, 0)), data)


def test_names_sort_as_segments_follow_each_other():
    names = [name_of(n, Position(n * 7, n)) for n in (1, 2, 9, 10, 99, 100_000)]
    assert sorted(names) == names
    assert [parse_name(name)[0] for name in names] == [1, 2, 9, 10, 99, 100_000]


@pytest.mark.parametrize(
    "name", ["", "1-5-0.segment", "00000001-x.segment", "00000001-05-0.segment", "x.segment"]
)
def test_another_name_is_refused(name):
    with pytest.raises(ValueError, match=r".*"):
        parse_name(name)


def test_entries_that_go_back_are_refused():
    writer = SegmentWriter(End())
    writer.add(ENTRIES[1])
    with pytest.raises(ValueError, match="can't follow"):
        writer.add(ENTRIES[0])
