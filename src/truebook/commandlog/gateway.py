"""A gateway's way into the log: many submissions, one append in flight, nothing twice, no gap.

Promise: submissions enter the log in the order in which they were made, each whole and in one
entry; each is told where it stands, or that it was certainly not written, or nothing while that is
not known. Why the engine applies each at most once and misses none:

* The gateway has a number that nobody had before, and numbers its entries 1, 2, 3 …
* An append whose outcome is unknown is repeated, the same bytes under the same sequence, before
  anything else is sent. If it was written after all, the engine ignores the second. Once all who
  sent it have given up it is repeated no more, so that no order is carried out long after that;
  the gateway then goes on under a new number.
* A sequence is used up only once its entry is written, or may have been. A refused append gives it
  back, so there is no gap either.

A submission with a mark (interface.Once) is written only if no other with this mark was, on any
gateway. The log checks that for a whole entry; where it says no, the entry is packed again without
those that were written before, under the same sequence and in the same order.

While an append is on its way to the disk, what arrives is packed into the next entry: the fsync
clocks the packing by itself, and the busier the gateway, the fuller its entries (group commit).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Generator
from typing import NamedTuple, Protocol

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.entries import pack_entry
from truebook.commandlog.interface import (
    GENESIS,
    Log,
    LogUnavailable,
    Once,
    OutcomeUnknown,
    Position,
    TooLate,
    UsedBefore,
)
from truebook.figures import Latency
from truebook.limits import (
    ENTRY_RECORDS_MAX,
    GATEWAY_QUEUE_RECORDS_MAX,
    GATEWAYS_MAX,
    ORDER_COUNTER_BITS,
)
from truebook.messages import COMMAND_BYTES

_logger = logging.getLogger(__name__)
RETRY_S_MIN = 0.02
RETRY_S_MAX = 1.0


class Written(NamedTuple):
    """Where a submission stands: its entry, and its first command's index in it."""

    position: Position
    gateway: int
    sequence: int
    first: int


WriteError = LogUnavailable | UsedBefore | OutcomeUnknown


class Submission:
    """Commands on their way into the log; the gateway tells it what becomes of them.

    What it begins with stands in the class, so that none of it is written for each.
    """

    gateway = 0
    sequence = 0
    """0 until it is packed into an entry."""
    first = 0
    position: Position | None = None
    """Where it stands, once that is known."""
    is_withdrawn = False
    """Set by who gave up waiting: it won't be packed any more, nor sent again."""

    def __init__(self, records: bytes, commands: int, once: Once | None = None) -> None:
        self.records = records
        self.commands = commands
        self.once = once

    def written_at(self, position: Position) -> None:
        """It stands in the log."""
        self.position = position

    def failed(self, error: WriteError) -> None:
        """It was not written, or (OutcomeUnknown) the gateway ended before it could know."""


class AwaitedWrite(Submission):
    """Commands whose sender waits for the write alone. Awaiting it gives Written or raises
    LogUnavailable or UsedBefore; it takes as long as the outcome is unknown."""

    def __init__(self, records: bytes, commands: int, once: Once | None = None) -> None:
        super().__init__(records, commands, once)
        self._written: asyncio.Future[Written] = asyncio.get_running_loop().create_future()

    def written_at(self, position: Position) -> None:
        """Wake whoever waits."""
        super().written_at(position)
        if not self._written.done():
            self._written.set_result(Written(position, self.gateway, self.sequence, self.first))

    def failed(self, error: WriteError) -> None:
        """Raise it to whoever waits."""
        if not self._written.done():
            self._written.set_exception(error)
            # Whoever doesn't wait doesn't want to hear of it either.
            self._written.exception()

    def __await__(self) -> Generator[None, None, Written]:
        return self._written.__await__()


class _Entry(NamedTuple):
    data: bytes
    submissions: list[Submission]
    once: list[Once]


class GatewayListener(Protocol):
    """Who is told what a gateway does, before it does it."""

    async def leased(self, gateway: int) -> None:
        """The gateway will go by this number."""

    def packed(self, submissions: list[Submission]) -> None:
        """These make the next entry; their `gateway` and `sequence` are set."""


class Gateway:
    """One gateway's numbers and its queue; made by `Gateway.start`."""

    def __init__(self, log: Log, listener: "GatewayListener | None" = None) -> None:
        self._log = log
        self._listener = listener
        self.number = 0
        self.last_position = GENESIS
        """The newest position this gateway has heard of."""
        self.append_times = Latency()
        self.appended_entries = 0
        self.appended_records = 0
        self._sequence = 0
        self._orders = 0
        self._queue: deque[Submission] = deque()
        self._queued_records = 0
        self._unknown: _Entry | None = None
        self._idle: asyncio.Future[None] | None = None
        """Waited on while there is nothing to do."""
        self._needs_number = True
        self._is_closed = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, log: Log, listener: "GatewayListener | None" = None) -> "Gateway":
        """Lease a number and begin to append; raises LogUnavailable, LogNotDurable."""
        gateway = cls(log, listener)
        await gateway._lease()
        gateway._task = asyncio.create_task(gateway._run())
        return gateway

    @property
    def queued_records(self) -> int:
        """How many command records wait for their turn."""
        return self._queued_records

    def next_order_id(self, count: int = 1) -> int:
        """An order id that nobody has, or the first of so many in a row: 20 bits of gateway, 43 of
        counter."""
        first = self._orders + 1
        self._orders += count
        return self.number << ORDER_COUNTER_BITS | first

    def saw(self, position: Position) -> None:
        """Remember a position: a question asked from now on is answered at or after it."""
        self.last_position = max(self.last_position, position)

    def submit(self, records: bytes, commands: int, once: Once | None = None) -> AwaitedWrite:
        """Queue commands and wait for nothing but the log; see `enqueue`."""
        submission = AwaitedWrite(records, commands, once)
        self.enqueue(submission)
        return submission

    def enqueue(self, submission: Submission) -> None:
        """Queue whole commands for the log, which stay together in one entry.

        ValueError if they are not `commands` commands, or don't fit an entry; LogUnavailable if
        too much waits already.
        """
        records, commands = submission.records, submission.commands
        count = len(records) // COMMAND_BYTES
        starts = 1 if count == 1 else count - records[::COMMAND_BYTES].count(0)
        if not 1 <= count <= ENTRY_RECORDS_MAX or len(records) % COMMAND_BYTES:
            raise ValueError(f"{len(records)} bytes are no 1 … {ENTRY_RECORDS_MAX} whole records")
        if starts != commands or records[0] == 0:
            raise ValueError(f"these records begin {starts} commands, not {commands}")
        if self._is_closed:
            raise LogUnavailable("the gateway is closed")
        if self._queued_records + count > GATEWAY_QUEUE_RECORDS_MAX:
            raise LogUnavailable("too many commands wait for the log")
        self._queue.append(submission)
        self._queued_records += count
        if self._idle is not None:
            self._wake()

    def renew(self, gateway: int) -> None:
        """Go on under another number: the log has a hole in the sequence of this one."""
        if gateway == self.number:
            self._needs_number = True
            self._wake()

    def _wake(self) -> None:
        """There is something to do."""
        idle, self._idle = self._idle, None
        if idle is not None and not idle.done():
            idle.set_result(None)

    async def close(self) -> None:
        """Write what waits, as far as the log takes it at once, and end."""
        self._is_closed = True
        self._wake()
        if self._task is not None:
            await self._task
        await self._log.close()

    async def _run(self) -> None:
        pause_s = RETRY_S_MIN
        while True:
            try:
                # What is unknown goes first: nothing may overtake it.
                if self._unknown is not None:
                    await self._append_again(self._unknown)
                elif self._needs_number:
                    await self._lease()
                elif self._queue:
                    await self._append_new()
                elif self._is_closed:
                    return
                else:
                    self._idle = asyncio.get_running_loop().create_future()
                    await self._idle
                pause_s = RETRY_S_MIN
                continue
            except LogUnavailable as error:
                self._fail_queue(error)
            except OutcomeUnknown as error:
                _logger.warning("an append broke off, sending it again: %s", error)
            except Exception as error:
                _logger.exception("an append failed unforeseen")
                self._fail_queue(LogUnavailable(f"unforeseen: {error}"))
            if self._is_closed:
                self._give_up()
                return
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RETRY_S_MAX)

    async def _append_new(self) -> None:
        entry = self._pack()
        if entry is None:
            return
        if self._listener is not None:
            self._listener.packed(entry.submissions)
        began_s = SYSTEM_CLOCK.elapsed_s()
        try:
            position = await self._log.append(entry.data, entry.once)
        except UsedBefore as used:
            self._put_back(entry, used)
            return
        except LogUnavailable as error:
            for submission in entry.submissions:
                submission.failed(error)
            raise
        except BaseException:
            # Whatever broke off, the entry may stand in the log: its sequence is used up.
            self._sequence += 1
            self._unknown = entry
            raise
        self._sequence += 1
        self.append_times.add(SYSTEM_CLOCK.elapsed_s() - began_s)
        self._tell(entry, position)

    async def _append_again(self, entry: _Entry) -> None:
        """Send the unknown entry again, whose sequence may be used up."""
        if all(submission.is_withdrawn for submission in entry.submissions):
            self._leave_unknown(entry)
            return
        try:
            position = await self._log.append(entry.data, entry.once)
        except TooLate:
            # It was so long ago that its marks are forgotten.
            self._leave_unknown(entry)
            return
        except UsedBefore as used:
            # Then it was not written the first time either, and won't be, still on its way or not.
            self._unknown = None
            self._sequence -= 1
            self._put_back(entry, used)
            return
        self._unknown = None
        self._tell(entry, position)

    def _leave_unknown(self, entry: _Entry) -> None:
        """Give an entry up that may or may not be written: its sequence goes with the number."""
        self._unknown = None
        self._needs_number = True
        for submission in entry.submissions:
            submission.failed(OutcomeUnknown("its time was over before the log was back"))

    def _put_back(self, entry: _Entry, used: UsedBefore) -> None:
        """Nothing was written: refuse what was used before, and let the rest have its turn."""
        refused = {entry.once[index].digest for index in used.indexes}
        for submission in reversed(entry.submissions):
            if submission.once is not None and submission.once.digest in refused:
                submission.failed(UsedBefore())
                continue
            submission.sequence = 0
            self._queue.appendleft(submission)
            self._queued_records += len(submission.records) // COMMAND_BYTES

    def _pack(self) -> _Entry | None:
        """The next entry: what waits, as much as fits, in order; None if all was withdrawn."""
        submissions: list[Submission] = []
        marks: dict[bytes, Once] = {}
        records, commands = 0, 0
        sequence = self._sequence + 1
        while self._queue:
            submission = self._queue[0]
            count = len(submission.records) // COMMAND_BYTES
            if submission.is_withdrawn:
                self._queue.popleft()
                self._queued_records -= count
                continue
            if records + count > ENTRY_RECORDS_MAX:
                break
            if (once := submission.once) is not None:
                if once.digest in marks:
                    break  # the log decides between the two
                marks[once.digest] = once
            submission.gateway, submission.sequence = self.number, sequence
            submission.first = commands
            records += count
            commands += submission.commands
            submissions.append(self._queue.popleft())
        self._queued_records -= records
        if not submissions:
            return None
        data = b"".join([submission.records for submission in submissions])
        entry = pack_entry(self.number, sequence, data)
        return _Entry(entry, submissions, list(marks.values()))

    def _tell(self, entry: _Entry, position: Position) -> None:
        self.saw(position)
        self.appended_entries += 1
        self.appended_records += len(entry.data) // COMMAND_BYTES - 1
        for submission in entry.submissions:
            submission.written_at(position)

    def _fail_queue(self, error: LogUnavailable) -> None:
        while self._queue:
            self._queue.popleft().failed(error)
        self._queued_records = 0

    def _give_up(self) -> None:
        """Closed with an entry that may or may not stand in the log."""
        if self._unknown is not None:
            for submission in self._unknown.submissions:
                submission.failed(OutcomeUnknown("the gateway was closed"))

    async def _lease(self) -> None:
        number = await self._log.lease_gateway()
        if not 1 <= number < GATEWAYS_MAX:
            raise LogUnavailable(f"all {GATEWAYS_MAX} gateway numbers of this log are used up")
        if self._listener is not None:
            await self._listener.leased(number)
        self.number = number
        self._sequence = 0
        self._needs_number = False
