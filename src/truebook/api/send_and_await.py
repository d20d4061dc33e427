"""`send_and_await`: put commands into the log and wait for what became of them.

Promise: every call ends, within its time limit and a second. An `Outcome` means on disk and
applied; LogUnavailable means certainly not done; TimedOut means not known, and carries the position
if that is. Before TimedOut the event stream is asked, so a lost message costs time, never an
answer.

`send` promises the same and needs no task: who sends very much is told by a call. What isn't told
within the time limit gets a task then.

An answer comes by pub/sub, addressed by gateway and sequence, often before the log server's own
acknowledgment: so an entry's waiting submissions are noted before it is sent. A re-sent entry may
stand in the log twice; the engine applies the first and marks the second REPEATED, and the answer
is the first one's, wherever it stands.
"""

import asyncio
import logging
from collections import deque

from truebook.api.exchange import AnsweredSubmission, NotApplied, Outcome
from truebook.asking import TimedOut
from truebook.commandlog.gateway import AwaitedWrite, Gateway, Submission
from truebook.commandlog.interface import (
    Bus,
    BusUnavailable,
    EventEntry,
    Log,
    LogUnavailable,
    Once,
    Position,
    reply_channel,
)
from truebook.commandlog.replies import (
    EntryReplies,
    entry_replies,
    read_reply_message,
    replies_of,
)
from truebook.limits import REPLY_TIMEOUT_MS
from truebook.messages import EntryStatus

_logger = logging.getLogger(__name__)
LOOK_UP_S_MAX = 1.0
"""How long the event stream is searched after the time limit."""
LOOK_BACK_ENTRIES_MAX = 4096
"""How far back the original of a repeated entry is looked for: a re-send follows it closely."""
_LOOK_BACK_AT_ONCE = 64
_END_OF_TIME = Position((1 << 64) - 1, (1 << 64) - 1)


_Key = tuple[int, int]
"""Of an entry: gateway and sequence."""

_APPLIED = int(EntryStatus.APPLIED)
_REPEATED = int(EntryStatus.REPEATED)


class _Sent(AnsweredSubmission):
    """Commands whose sender waits for their replies."""

    def __init__(self, records: bytes, commands: int, once: Once | None = None) -> None:
        super().__init__(records, commands, once)
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def applied(self, outcome: Outcome) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)

    def refused(self, reason: NotApplied) -> None:
        if not self.outcome.done():
            self.outcome.set_exception(reason)
            self.outcome.exception()


class CommandClient:
    """A gateway that waits for answers; made by `CommandClient.start`."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._loop = asyncio.get_running_loop()
        self._gateway: Gateway
        self._in_flight: dict[_Key, dict[AnsweredSubmission, None]] = {}
        """In the order in which they stand in their entry: so they are told."""
        self._sent: deque[tuple[float, AnsweredSubmission]] = deque()
        """What nobody awaits, with its time limit, in order; what is settled leaves from the left,
        at the latest when what stands before it is."""
        self._looking: asyncio.TimerHandle | None = None
        self._late: set[asyncio.Task[None]] = set()
        self._searches: dict[_Key, asyncio.Task[None]] = {}

    @classmethod
    async def start(cls, log: Log, bus: Bus) -> "CommandClient":
        """Become a gateway of this log; raises LogUnavailable, LogNotDurable."""
        client = cls(bus)
        client._gateway = await Gateway.start(log, client)
        bus.on_reconnect(client._search_all)
        return client

    @property
    def gateway(self) -> Gateway:
        """The gateway, for its number and the positions it has seen."""
        return self._gateway

    @property
    def awaited_entries(self) -> int:
        """How many entries there are whose replies somebody waits for."""
        return len(self._in_flight)

    def next_order_id(self, count: int = 1) -> int:
        """An order id that nobody else has or will have, or the first of so many in a row."""
        return self._gateway.next_order_id(count)

    def submit(self, records: bytes, commands: int, once: Once | None = None) -> AwaitedWrite:
        """Put commands into the log and wait for nothing more than that."""
        return self._gateway.submit(records, commands, once)

    async def send_and_await(
        self,
        records: bytes,
        commands: int,
        once: Once | None = None,
        timeout_ms: int = REPLY_TIMEOUT_MS,
    ) -> Outcome:
        """Put whole commands into the log, in one entry, and wait for their replies.

        Raises LogUnavailable and UsedBefore (certainly not done), TimedOut (not known), ValueError
        (`records` aren't `commands` commands).
        """
        sent = _Sent(records, commands, once)
        self._gateway.enqueue(sent)
        try:
            # Not asyncio.timeout: that would cancel the outcome, which may still be found.
            await asyncio.wait([sent.outcome], timeout=timeout_ms / 1000)
            if not sent.is_settled:
                await self._search_late(sent)
            return sent.outcome.result()
        finally:
            sent.is_withdrawn = True
            self._forget(sent)

    def send(self, submission: AnsweredSubmission) -> None:
        """Put whole commands into the log, in one entry, and tell the submission what became of
        them. Raises LogUnavailable and ValueError; then it is told nothing."""
        self._gateway.enqueue(submission)
        deadline_s = self._loop.time() + REPLY_TIMEOUT_MS / 1000
        self._sent.append((deadline_s, submission))
        if self._looking is None:
            self._looking = self._loop.call_at(deadline_s, self._look)

    async def close(self) -> None:
        """Write what waits, and end. Log and bus are closed by whoever made them."""
        await self._gateway.close()
        if self._looking is not None:
            self._looking.cancel()
        for task in list(self._late):
            task.cancel()
        for search in list(self._searches.values()):
            search.cancel()

    # GatewayListener

    async def leased(self, gateway: int) -> None:
        """Hear the replies to a number before anything is sent under it."""
        await self._bus.subscribe(reply_channel(gateway), self._receive)

    def packed(self, submissions: list[Submission]) -> None:
        """Note who waits for the entry that is about to be sent."""
        awaited = {one: None for one in submissions if isinstance(one, AnsweredSubmission)}
        if awaited:
            self._in_flight[_key_of(next(iter(awaited)))] = awaited

    # answers

    def _receive(self, message: bytes) -> None:
        for entry in read_reply_message(message):
            self._answer(entry)

    def _answer(self, entry: EntryReplies) -> None:
        self._gateway.saw(entry.position)
        if entry.status == _REPEATED:
            return
        if entry.status != _APPLIED:
            status = EntryStatus(entry.status).name
            _logger.error("entry %s was rejected: %s", entry.position, status)
            self._gateway.renew(entry.gateway)
        for submission in self._in_flight.pop((entry.gateway, entry.sequence), ()):
            submission.settle(_outcome(submission, entry))
        self._drop_settled()

    def _forget(self, submission: AnsweredSubmission) -> None:
        key = _key_of(submission)
        waiting = self._in_flight.get(key)
        if waiting is not None:
            waiting.pop(submission, None)
            if not waiting:
                del self._in_flight[key]

    # time limits of what nobody awaits

    def _drop_settled(self) -> None:
        sent = self._sent
        while sent and sent[0][1].is_settled:
            _, settled = sent.popleft()
            if self._in_flight:
                self._forget(settled)

    def _look(self) -> None:
        """Give up what is late, and look again when the next one may be."""
        self._looking = None
        now_s = self._loop.time()
        self._drop_settled()
        while self._sent and self._sent[0][0] <= now_s:
            _, submission = self._sent.popleft()
            task = asyncio.create_task(self._give_up(submission))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
            self._drop_settled()
        if self._sent:
            self._looking = self._loop.call_at(self._sent[0][0], self._look)

    async def _give_up(self, submission: AnsweredSubmission) -> None:
        try:
            await self._search_late(submission)
        except (LogUnavailable, TimedOut) as reason:
            submission.settle(reason)
        finally:
            submission.is_withdrawn = True
            self._forget(submission)

    # the search in the event stream

    async def _search_late(self, late: AnsweredSubmission) -> None:
        """The time limit has passed: let the event stream answer, or raise."""
        if not late.sequence:
            raise LogUnavailable("it waited too long for its turn; nothing was written")
        search = self._search(_key_of(late), late.position)
        await asyncio.wait([search], timeout=LOOK_UP_S_MAX)
        if not late.is_settled:
            raise TimedOut("no answer within the time limit", late.position)

    def _search_all(self) -> None:
        """Messages may have been missed: ask the event stream for every entry on its way."""
        for key, waiting in list(self._in_flight.items()):
            self._search(key, next(iter(waiting)).position)

    def _search(self, key: _Key, position: Position | None) -> asyncio.Task[None]:
        """Look one entry up, once for all who wait for it."""
        search = self._searches.get(key)
        if search is None or search.done():
            search = asyncio.create_task(self._answer_from_stream(key, position))
            self._searches[key] = search
            search.add_done_callback(lambda _: self._searches.pop(key, None))
        return search

    async def _answer_from_stream(self, key: _Key, position: Position | None) -> None:
        try:
            async with asyncio.timeout(LOOK_UP_S_MAX):
                entry = await self._find(key, position)
        except (BusUnavailable, TimeoutError) as error:
            _logger.warning("the event stream can't be searched: %s", error)
            return
        if entry is not None:
            self._answer(entry)

    async def _find(self, key: _Key, position: Position | None) -> EntryReplies | None:
        """What became of the entry, as far as the stream tells; None: nothing yet."""
        before = _END_OF_TIME
        if position is not None:
            found = await self._bus.event_entry(position)
            if found is None:
                return None
            entry = _read(found)
            if entry.status != _REPEATED:
                # One that reached the engine damaged doesn't tell any more whose it was.
                gateway, sequence = key
                return entry._replace(gateway=gateway, sequence=sequence)
            before = position
        for _ in range(LOOK_BACK_ENTRIES_MAX // _LOOK_BACK_AT_ONCE):
            entries = await self._bus.event_entries_before(before, _LOOK_BACK_AT_ONCE)
            for found in entries:
                entry = _read(found)
                is_it = (entry.gateway, entry.sequence) == key
                if is_it and entry.status != _REPEATED:
                    return entry
            if len(entries) < _LOOK_BACK_AT_ONCE:
                break
            before = entries[-1].position
        return None


def _key_of(submission: AnsweredSubmission) -> _Key:
    return submission.gateway, submission.sequence


def _outcome(submission: AnsweredSubmission, entry: EntryReplies) -> Outcome | LogUnavailable:
    """What became of a submission in its entry."""
    if entry.status == _APPLIED:
        replies = replies_of(entry.packed, submission.first, submission.commands)
        return Outcome(entry.position, replies)
    status = EntryStatus(entry.status).name
    return LogUnavailable(f"the engine rejected the whole entry {entry.position}: {status}")


def _read(found: EventEntry) -> EntryReplies:
    return entry_replies(found.position, found.events, found.replies)
