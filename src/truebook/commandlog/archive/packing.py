"""How the content of a segment is made smaller: as zstd frames, and as zlib streams before that.

Promise: `unpacked` gives what was packed and nothing beyond the length that is expected, whatever
the bytes are; it takes no more memory than that and one window. Why zstd: it is twice as fast to
unpack and three times to pack, for two thirds of the bytes. What is there as zlib stays readable.
"""

import sys
import zlib
from contextlib import suppress
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZLIB, ZSTD = 1, 2
"""As the head of a segment names them."""
COMPRESSIONS = (ZLIB, ZSTD)
LEVEL = 1
"""Higher levels take longer and, of entries of a log, make no less (docs/decisions/0042)."""
WINDOW_BYTES_LOG2_MAX = 23
"""What an unpacker may hold beside its output: 16 times what our level needs."""
_PIECE_BYTES = 1 << 16


class Packer(Protocol):
    """Takes pieces and gives what is packed of them so far."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a piece."""

    def flush(self) -> bytes:
        """The rest."""


class _Unpacker(Protocol):
    """What zlib's and zstd's have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes | memoryview, max_length: int = ..., /) -> bytes: ...


def packer() -> Packer:
    """What packs a new segment."""
    return zstd.ZstdCompressor(LEVEL)


def _unpacker(compression: int) -> _Unpacker:
    if compression == ZLIB:
        return zlib.decompressobj()
    limit: dict[int, int] = {zstd.DecompressionParameter.window_log_max: WINDOW_BYTES_LOG2_MAX}
    return zstd.ZstdDecompressor(options=limit)


def unpacked(compression: int, packed: bytes | memoryview, size: int) -> bytes | None:
    """The whole content, in one go; None: it isn't one of that size."""
    unpacker = _unpacker(compression)
    try:
        content = unpacker.decompress(packed, size + 1)
    except (zlib.error, zstd.ZstdError):
        return None
    is_whole = unpacker.eof and not unpacker.unused_data and len(content) == size
    return content if is_whole else None


def unpacked_as_far_as_can_be(compression: int, packed: bytes | memoryview, size: int) -> bytes:
    """The beginning of a content, of at most that size and a byte, of what is perhaps damaged."""
    unpacker = _unpacker(compression)
    pieces: list[bytes] = []
    left = size + 1
    with suppress(zlib.error, zstd.ZstdError):
        for start in range(0, len(packed), _PIECE_BYTES):
            pieces.append(unpacker.decompress(packed[start : start + _PIECE_BYTES], left))
            left -= len(pieces[-1])
            if left <= 0 or unpacker.eof:
                break
    return b"".join(pieces)
