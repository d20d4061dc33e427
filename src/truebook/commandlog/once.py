"""What may be done once only, remembered on the log server in the same step as the append.

Promise: of all entries that carry a mark (interface.Once), from whatever gateway and whenever, one
is written: the first. An entry that is sent again, the same bytes, is not refused. Why: the server
runs the script as one step and writes what it changes to disk as one; a mark is remembered with the
gateway and sequence of its entry; and it is taken only while it is remembered, both by the one
clock of the server, so that no clock of a gateway can bring an old signature back.

Marks are kept in one hash for each `BUCKET_MS` of their ends, which the server drops as a whole
some time after the last of these ends: that needs one key, and one deadline, for thousands of them.
"""

from collections.abc import Sequence

from truebook.commandlog.address import Command
from truebook.commandlog.interface import Once, TooLate, UsedBefore
from truebook.limits import CLOCK_DIFFERENCE_MS_MAX

BUCKET_MS = 5_000
"""A mark is kept this much longer than it must be, at most."""

MARKS_AT_ONCE = 1_000
"""Lua hands a command at most some thousand arguments."""

OWNER = slice(4, 16)
"""Where an entry says its gateway and sequence (messages.ENTRY)."""

SCRIPT = b"""
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local owner = ARGV[2]
local used, late, changes = {'used'}, {'late'}, {}
for bucket = 2, #KEYS do
    local is_over = tonumber(ARGV[2 * bucket - 1]) <= now_ms
    local joined = ARGV[2 * bucket]
    local marks, change = {}, {}
    for index = 1, #joined / 16 do
        local mark = string.sub(joined, 16 * index - 15, 16 * index)
        marks[index] = mark
        change[2 * index - 1] = mark
        change[2 * index] = owner
    end
    local found = redis.call('HMGET', KEYS[bucket], unpack(marks))
    for index, mark in ipairs(marks) do
        if found[index] and found[index] ~= owner then
            used[#used + 1] = mark
        elseif is_over then
            late[#late + 1] = mark
        end
    end
    changes[bucket] = change
end
if #used > 1 then return used end
if #late > 1 then return late end
for bucket = 2, #KEYS do
    local added = redis.call('HSET', KEYS[bucket], unpack(changes[bucket]))
    if added == redis.call('HLEN', KEYS[bucket]) then
        redis.call('PEXPIREAT', KEYS[bucket], ARGV[2 * bucket - 1])
    end
end
return redis.call('XADD', KEYS[1], '*', 'd', ARGV[1])
"""
"""Append ARGV[1] to KEYS[1] if no entry but ARGV[2] has any of the marks: then its id, otherwise
a list, 'used' or 'late' and the marks that are. The other keys are hashes, and for each there
follow when it is dropped and its marks, joined."""


def bucket_of(mark: Once) -> int:
    """The number of the hash that has it."""
    return mark.until_ms // BUCKET_MS


def dropped_ms(bucket: int) -> int:
    """When the server forgets a bucket, and takes nothing more for it."""
    return (bucket + 1) * BUCKET_MS + CLOCK_DIFFERENCE_MS_MAX


def script_arguments(
    script: str | bytes, stream: str, data: bytes, marks: Sequence[Once]
) -> Command:
    """The command that appends an entry and remembers its marks; `script` is the digest."""
    buckets: dict[int, list[bytes]] = {}
    for mark in marks:
        buckets.setdefault(bucket_of(mark), []).append(mark.digest)
    keys = [stream]
    arguments: list[str | bytes | int] = [data, data[OWNER]]
    for bucket, digests in buckets.items():
        for start in range(0, len(digests), MARKS_AT_ONCE):
            keys.append(f"{stream}:once:{bucket}")
            arguments += [dropped_ms(bucket), b"".join(digests[start : start + MARKS_AT_ONCE])]
    return ("EVALSHA", script, len(keys), *keys, *arguments)


def refusal(reply: list[bytes], marks: Sequence[Once]) -> UsedBefore:
    """What the script's list means."""
    why, *digests = reply
    found = set(digests)
    indexes = [index for index, mark in enumerate(marks) if mark.digest in found]
    return TooLate(indexes) if why == b"late" else UsedBefore(indexes)
