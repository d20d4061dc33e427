"""Whether entries that were read are on the disks of replicas, too: what an engine publishes, and
the archive keeps, only then.

Promise: an entry that `reached` covers is on the disk of the primary and of so many replicas,
together with all that stand before it. So whichever of them becomes the primary has it: nothing
that was told to anybody can vanish from the log.

Why: a note is written on the primary, by a script that first makes sure that the entry is there as
it was read (a server that took over meanwhile may not have it). The note comes behind the entry in
what replicas are sent, and WAITAOF tells how many have the note on their disk. One question is
under way at a time; what is read meanwhile is covered by the next one.
"""

import logging
import select
import time

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.durability import Durability, is_covered, waiting_rounds
from truebook.commandlog.interface import GENESIS, LogEntry, LogLost, LogUnavailable, Position
from truebook.commandlog.resp import NOT_YET, ConnectionLost, Refused, checked, key, pack, pack_all
from truebook.commandlog.waiting import Waiting

_logger = logging.getLogger(__name__)
WAIT_S_MAX = 5.0
"""How long replicas may take before it is said that they are too few, and asked anew."""
REPLY_S_MAX = 10.0
RECONNECT_S = 0.1
_HEAD_BYTES = 64

# KEYS: log, notes. ARGV: the position, the beginning of its entry, whose note it is. Gives OK, or
# where the log begins that doesn't have the entry.
_NOTE = """
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then
  local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
  return oldest and oldest[1] or '0-0'
end
if string.sub(found[2][2], 1, #ARGV[2]) ~= ARGV[2] then return '0-0' end
redis.call('HSET', KEYS[2], ARGV[3], ARGV[1])
return 'OK'
"""


class Cover:
    """What is covered of one reader's entries; connects when first used, and after a loss."""

    def __init__(
        self,
        url: str,
        replicas: int,
        name: str,
        *,
        shard: int = 0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """`name`: the reader's; of its notes there is one."""
        address = parse(url)
        self._connection = BlockingConnection(address)
        self._replicas = replicas
        self._name = name
        self._keys = key(shard, "log"), key(shard, "covered")
        self._clock = clock
        self._waiting = Waiting(f"{replicas} replicas of the log at {address}", _logger, clock)
        self._newest: LogEntry | None = None
        self._covered = GENESIS
        self._asked: Position | None = None
        self._is_noted = False
        self._rounds = waiting_rounds(replicas, WAIT_S_MAX)
        self._give_up_at = 0.0
        self._next_try = 0.0

    def read(self, entry: LogEntry) -> None:
        """This is the newest entry that was read."""
        self._newest = entry

    def reached(self) -> Position:
        """What is covered by now, of what was read; never waits. Raises LogLost if the log isn't
        the one that was read."""
        try:
            if self._asked is not None:
                self._hear()
            if self._asked is None and self._newest and self._newest.position > self._covered:
                self._ask(self._newest)
        except (ConnectionLost, Refused) as error:
            self._connection.close()
            self._asked = None
            self._next_try = self._clock.elapsed_s() + RECONNECT_S
            self._waiting.failed(error)
        return self._covered

    def wait(self, entry: LogEntry, seconds: float) -> None:
        """Return once an entry is covered. Raises LogUnavailable, LogLost."""
        self.read(entry)
        until = time.monotonic() + seconds
        while self.reached() < entry.position:
            if time.monotonic() > until:
                raise LogUnavailable(f"{entry.position} is not on {self._replicas} replicas yet")
            number = self.fileno()
            select.select([number] if number >= 0 else [], [], [], RECONNECT_S)

    def fileno(self) -> int:
        """What to `select` on while something isn't covered; below 0: nothing, ask again."""
        return self._connection.fileno()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _ask(self, entry: LogEntry) -> None:
        if not self._connection.is_open:
            if self._clock.elapsed_s() < self._next_try:
                return
            self._connection.open()
        head = entry.data[:_HEAD_BYTES]
        note = ("EVAL", _NOTE, 2, *self._keys, str(entry.position), head, self._name)
        self._rounds = waiting_rounds(self._replicas, WAIT_S_MAX)
        self._connection.send(pack_all([note, next(self._rounds)]), REPLY_S_MAX)
        self._asked, self._is_noted = entry.position, False
        self._give_up_at = self._clock.elapsed_s() + WAIT_S_MAX + REPLY_S_MAX

    def _hear(self) -> None:
        while self._asked is not None and (reply := self._connection.poll()) is not NOT_YET:
            answer = checked(reply)
            if not self._is_noted:
                self._check_noted(self._asked, answer)
                self._is_noted = True
                continue
            if is_covered(answer, self._replicas):
                self._covered, self._asked = self._asked, None
                self._waiting.succeeded()
            elif again := next(self._rounds, None):
                self._connection.send(pack(*again), REPLY_S_MAX)
            else:
                self._waiting.failed(f"{answer[1]} have {self._asked} on their disk")
                self._asked = None
        if self._asked is not None and self._clock.elapsed_s() > self._give_up_at:
            raise ConnectionLost("no answer")

    def _check_noted(self, asked: Position, answer: bytes) -> None:
        # What was trimmed is in the archive, which keeps only what was covered.
        if answer != b"OK" and Position.parse(answer) <= asked:
            raise LogLost(
                f"the log doesn't hold {asked} as it was read: another server, which had not got"
                " that far, took its place"
            )


def cover_of(log_url: str, durability: Durability, name: str) -> Cover | None:
    """The cover that a log's durability asks for; None: it asks for none."""
    return Cover(log_url, durability.replicas, name) if durability.replicas else None
