"""What is packed comes back, whichever way it was packed, and nothing beyond its length does."""

import os
import tracemalloc
import zlib

import pytest

from truebook.commandlog.archive.packing import (
    WINDOW_BYTES_LOG2_MAX,
    ZLIB,
    ZSTD,
    packer,
    unpacked,
    unpacked_as_far_as_can_be,
    zstd,
)

CONTENT = b"".join(os.urandom(40) + bytes(24) for _ in range(5000))


def packed(compression, content=CONTENT):
    if compression == ZLIB:
        return zlib.compress(content, 1)
    new = packer()
    return new.compress(content[:100_000]) + new.compress(content[100_000:]) + new.flush()


@pytest.fixture(params=[ZLIB, ZSTD], ids=["zlib", "zstd"])
def compression(request):
    return request.param


def test_what_was_packed_comes_back(compression):
    data = memoryview(packed(compression))
    assert unpacked(compression, data, len(CONTENT)) == CONTENT
    assert unpacked_as_far_as_can_be(compression, data, len(CONTENT)) == CONTENT


def test_another_length_is_refused(compression):
    data = packed(compression)
    for size in (0, 1, len(CONTENT) - 1, len(CONTENT) + 1):
        assert unpacked(compression, data, size) is None
        content = unpacked_as_far_as_can_be(compression, data, size)
        assert content == CONTENT[: size + 1]


def test_what_was_cut_off_or_added_to_is_refused(compression):
    data = packed(compression)
    for wrong in (b"", data[:1], data[:-1], data + b"\0", data + data):
        assert unpacked(compression, wrong, len(CONTENT)) is None
        content = unpacked_as_far_as_can_be(compression, wrong, len(CONTENT))
        assert CONTENT.startswith(content)


def test_what_stands_before_the_damage_can_be_had(compression):
    data = packed(compression)
    content = unpacked_as_far_as_can_be(compression, data[:-1000], len(CONTENT))
    assert len(content) > len(CONTENT) // 2
    assert CONTENT.startswith(content)


def test_a_bomb_takes_no_more_memory_than_it_may(compression):
    bomb = packed(compression, bytes(64 << 20))
    tracemalloc.start()
    try:
        assert unpacked(compression, bomb, 1 << 20) is None
        assert len(unpacked_as_far_as_can_be(compression, bomb, 1 << 20)) == (1 << 20) + 1
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_a_frame_that_asks_for_a_large_window_is_refused():
    asking = {zstd.CompressionParameter.window_log: WINDOW_BYTES_LOG2_MAX + 1}
    new = zstd.ZstdCompressor(options=asking)
    assert unpacked(ZSTD, new.compress(CONTENT) + new.flush(), len(CONTENT)) is None
