"""The event stream on a Valkey or Redis server: how an entry is written there, and read.

Promise: the stream has no hole, no repeat and one history. An entry is appended by a script, in one
step with the messages about it, only if the stream ends exactly where the publisher thinks: at that
position *and* with that event hash. So a second or restarted engine can do no harm, and one that
came to other events can't add a word to the stream of the others.

Beside the stream, under the same hash tag, stands its **tail**: the last entry's position and the
event hash up to there. It outlives the trimming of the stream.
"""

from typing import Any

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, EventEntry, Position, Tail
from truebook.commandlog.resp import pairs
from truebook.limits import EVENT_STREAM_ENTRIES_MAX

# KEYS: stream, tail. ARGV: the tail expected, the tail afterwards, how many entries, `trim` (a
# position, or empty), each entry (id, previous, events, replies, hash), each message (channel,
# text).
SCRIPT = f"""
local tail = redis.call('GET', KEYS[2]) or '{GENESIS} {START.hex()}'
if tail ~= ARGV[1] then return tail end
local at = 5
for _ = 1, tonumber(ARGV[3]) do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', '{EVENT_STREAM_ENTRIES_MAX}', ARGV[at],
    'p', ARGV[at + 1], 'e', ARGV[at + 2], 'r', ARGV[at + 3], 'h', ARGV[at + 4])
  at = at + 5
end
redis.call('SET', KEYS[2], ARGV[2])
if ARGV[4] ~= '' then redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[4]) end
while at < #ARGV do
  redis.call('PUBLISH', ARGV[at], ARGV[at + 1])
  at = at + 2
end
return false
"""


def pack_tail(tail: Tail) -> str:
    """A tail as it stands beside the stream."""
    return f"{tail.position} {tail.event_hash.hex()}"


def read_tail(text: bytes | None) -> Tail:
    """The tail written so; None: of an empty stream."""
    if text is None:
        return Tail(GENESIS, START)
    position, _, event_hash = text.decode("ascii").partition(" ")
    return Tail(Position.parse(position), bytes.fromhex(event_hash))


def entry_arguments(entry: EventEntry) -> tuple[str | bytes, ...]:
    """An entry as the script takes it."""
    position, previous, events, replies, event_hash = entry
    return str(position), str(previous), events, replies, event_hash


def read_entries(reply: list[tuple[bytes, list[bytes]]]) -> list[EventEntry]:
    """The entries in the reply of XRANGE, XREVRANGE, or of one stream in XREAD's."""
    return [_read_entry(entry_id, fields) for entry_id, fields in reply]


def _read_entry(entry_id: bytes, fields: Any) -> EventEntry:
    values = pairs(fields)
    previous = Position.parse(values[b"p"])
    return EventEntry(Position.parse(entry_id), previous, values[b"e"], values[b"r"], values[b"h"])
