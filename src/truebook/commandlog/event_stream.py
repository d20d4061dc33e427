"""The event stream on a Valkey or Redis server: how an entry is written there, and read.

Promise: the stream has no hole, no repeat and one history. An entry is appended by a script, in one
step with the messages about it, only if the stream ends exactly where the publisher thinks: at that
position *and* with that event hash. So a second or restarted engine can do no harm, and one that
came to other events can't add a word to the stream of the others.

Beside the stream, under the same hash tag, stands its **tail**: the last entry's position and the
event hash up to there. It outlives the trimming of the stream. And its **token**: who doesn't know
the recovery of that number adds nothing (recovering.py); **life**, which changes when the server
loses everything; and **begun**, where the log ended when the stream was empty.
"""

from typing import Any

from truebook.commandlog.chain import START
from truebook.commandlog.interface import GENESIS, EventEntry, Position, Tail
from truebook.commandlog.resp import pairs
from truebook.limits import EVENT_STREAM_ENTRIES_MAX

_EMPTY = f"{GENESIS} {START.hex()}"
_TAIL = f"""
local tail = redis.call('GET', KEYS[2]) or '{_EMPTY}'
if tail ~= ARGV[1] then return tail end
local token = tonumber(redis.call('GET', KEYS[3]) or '0')
"""

# KEYS: stream, tail, token, life. ARGV: the tail expected, the tail afterwards, how many entries,
# `trim` (a position, or empty), the token known, the life that may begin an empty stream (or none),
# each entry (id, previous, events, replies, hash), each message (channel, text). Gives the tail, or
# 0 in another life, or the token, or nothing once it is done.
SCRIPT = f"""{_TAIL}
if tail == '{_EMPTY}' and ARGV[6] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[6] then return 0 end
if token > tonumber(ARGV[5]) then return token end
local at = 7
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

# KEYS as above. ARGV: the tail expected, the token to be known from now on, the life
# expected. Gives 0 in another life.
CLAIM = f"""if redis.call('GET', KEYS[4]) ~= ARGV[3] then return 0 end
{_TAIL}
if token < tonumber(ARGV[2]) then redis.call('SET', KEYS[3], ARGV[2]) end
return false
"""

# KEYS: life. ARGV: a name that nobody else has.
LIFE = """
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
"""

# KEYS: life, tail, token, begun. ARGV: the life expected, the log's end, the token known. Gives
# where the stream began, and the token.
BEGIN = f"""
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
if not redis.call('GET', KEYS[2]) then redis.call('SET', KEYS[4], ARGV[2], 'NX') end
local token = redis.call('GET', KEYS[3]) or '0'
if tonumber(token) < tonumber(ARGV[3]) then
  token = ARGV[3]
  redis.call('SET', KEYS[3], token)
end
return {{redis.call('GET', KEYS[4]) or '{GENESIS}', token}}
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
