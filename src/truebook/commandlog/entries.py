"""Log entries as bytes: what a gateway appends, and what an engine is given of it.

Promise: `for_engine` never raises and never lets damage through. Bytes that are not exactly what
`pack_entry` made (another length, another bit anywhere) become a header alone with version 0, which
every engine rejects alike: one bad entry costs itself, not the exchange.

The checksum is xxh3_64 of the header, with time and checksum zero, and the records. It finds
damage, not forgery; against forgery there is the hash chain (chain.py).
"""

from struct import Struct

import xxhash

from truebook.commandlog.interface import LogEntry
from truebook.limits import ENTRY_RECORDS_MAX, GATEWAYS_MAX
from truebook.messages import COMMAND_BYTES, ENTRY, FORMAT_VERSION, CommandKind

# messages.ENTRY, field by field; the rest of its 64 bytes is zero.
_HEADER = Struct("<BBHIqqQ32x")
_TIME = Struct("<q")
_CHECKSUM = Struct("<Q")
_TIME_OFFSET = 16
_CHECKSUM_OFFSET = 24
_CHECKSUM_END = 32
_REACHED_END = 40
_ZERO_WORD = bytes(8)
_COPIED_BYTES_MAX = 8192
"""Up to that size a copy costs less than two more calls."""
_ENTRY = int(CommandKind.ENTRY)

assert _HEADER.size == ENTRY.itemsize == COMMAND_BYTES
assert ENTRY.fields is not None
assert ENTRY.fields["time_ms"][1] == _TIME_OFFSET
assert ENTRY.fields["checksum"][1] == _CHECKSUM_OFFSET
assert ENTRY.fields["reached_ms"][1] == _CHECKSUM_END

Piece = bytes | memoryview


def pack_entry(gateway: int, sequence: int, records: bytes) -> bytes:
    """The entry of a gateway's `records`, whole commands of 64 bytes each.

    ValueError if the records are none, too many or cut, or a number is out of its range.
    """
    count, rest = divmod(len(records), COMMAND_BYTES)
    if rest or not 1 <= count <= ENTRY_RECORDS_MAX:
        raise ValueError(f"an entry has 1 … {ENTRY_RECORDS_MAX} whole records, not {len(records)}")
    if not 1 <= gateway < GATEWAYS_MAX or sequence < 1:
        raise ValueError(f"no such gateway and sequence: {gateway}, {sequence}")
    bare = _HEADER.pack(_ENTRY, FORMAT_VERSION, count, gateway, sequence, 0, 0)
    checksum = xxhash.xxh3_64_intdigest(bare + records)
    head = bare[:_CHECKSUM_OFFSET] + _CHECKSUM.pack(checksum) + bare[_CHECKSUM_END:]
    return head + records


def engine_pieces(entry: LogEntry) -> tuple[Piece, ...]:
    """What `for_engine` gives, in pieces: a batch of entries is then joined with one copy."""
    data = entry.data
    time = _TIME.pack(entry.time_ms)
    if not is_whole(data):
        return (_HEADER.pack(_ENTRY, 0, 0, 0, 0, entry.time_ms, 0),)
    view = memoryview(data)
    if entry.reached_ms:
        reached = view[_CHECKSUM_OFFSET:_CHECKSUM_END], _TIME.pack(entry.reached_ms)
        return view[:_TIME_OFFSET], time, *reached, view[_REACHED_END:]
    return view[:_TIME_OFFSET], time, view[_CHECKSUM_OFFSET:]


def for_engine(entry: LogEntry) -> bytes:
    """The entry as an engine applies it: checked, with the log server's time filled in, and when
    it was reached if that was late."""
    return b"".join(engine_pieces(entry))


def is_whole(data: bytes) -> bool:
    """Whether these are the bytes of an entry as `pack_entry` makes them, undamaged."""
    if len(data) < COMMAND_BYTES:
        return False
    kind, _, count, _, _, time_ms, checksum = _HEADER.unpack_from(data)
    if kind != _ENTRY or time_ms or len(data) != COMMAND_BYTES * (1 + count):
        return False
    if data[_CHECKSUM_END:_REACHED_END] != _ZERO_WORD:
        return False
    if len(data) > _COPIED_BYTES_MAX:
        found = xxhash.xxh3_64(data[:_CHECKSUM_OFFSET] + _ZERO_WORD)
        found.update(memoryview(data)[_CHECKSUM_END:])
        return bool(found.intdigest() == checksum)
    bare = data[:_CHECKSUM_OFFSET] + _ZERO_WORD + data[_CHECKSUM_END:]
    return bool(xxhash.xxh3_64_intdigest(bare) == checksum)


def gateway_and_sequence(data: bytes) -> tuple[int, int]:
    """Who appended an entry, and which of its entries it is; only of whole entries."""
    fields = _HEADER.unpack_from(data)
    return fields[3], fields[4]
