"""Log and bus inside one process: for tests and for simulation.

Promise: they keep the contracts of interface.py, which the same tests check as for Valkey, and they
are deterministic: nothing happens but by a call, and time is what the clock given says. Unlike
Valkey they forget everything with the process.

A `MemoryLogServer` and a `MemoryBusServer` stand for the servers; the other classes are what a
gateway or an engine holds of them. An engine may run in another thread than the gateways.
"""

import asyncio
import logging
import threading
import uuid
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from truebook.clock import SYSTEM_CLOCK, Clock
from truebook.commandlog.chain import START
from truebook.commandlog.chain_at import chain_at
from truebook.commandlog.interface import (
    GENESIS,
    NOTES_NUMBER,
    NOTES_OWNER,
    Begun,
    BusUnavailable,
    Claimed,
    EventEntry,
    LogEntry,
    LogLost,
    LogTrimmed,
    LogUnavailable,
    NotesTaken,
    Once,
    Position,
    Recovery,
    Registered,
    StreamLost,
    Tail,
    TooLate,
    Trimmed,
    UsedBefore,
)
from truebook.commandlog.once import OWNER, bucket_of, dropped_ms

_logger = logging.getLogger(__name__)
_POLL_S = 0.001
_LOST = "the bus in memory has lost the event stream since this engine began"


class MemoryLogServer:
    """The entries of a log, and who may number orders."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self.clock = clock
        self.entries: list[LogEntry] = []
        self.gateways = 0
        self.marks: dict[int, dict[bytes, bytes]] = {}
        """Who has each mark, by bucket."""
        self.trimmed = GENESIS
        self.readers: dict[str, Registered] = {}
        self.recoveries: list[Recovery] = []
        self.token = 0
        """Of the recoveries; what is done with both is done under the lock of `changed`."""
        self.is_up = True
        self.changed = threading.Condition()

    def append(self, data: bytes, once: Sequence[Once] = ()) -> Position:
        """Write an entry behind the last, at the clock's time or the last entry's if later."""
        with self.changed:
            last = self.last_position()
            now = self.clock.now_ms()
            self._remember(data[OWNER], once, now)
            position = Position(now, 0) if now > last.high else Position(last.high, last.low + 1)
            self.entries.append(LogEntry(position, position.high, data))
            self.changed.notify_all()
            return position

    def _remember(self, owner: bytes, once: Sequence[Once], now_ms: int) -> None:
        """What once.SCRIPT does."""
        self.marks = {
            bucket: marks for bucket, marks in self.marks.items() if dropped_ms(bucket) > now_ms
        }
        used, late = list[int](), list[int]()
        for index, mark in enumerate(once):
            if self.marks.get(bucket_of(mark), {}).get(mark.digest, owner) != owner:
                used.append(index)
            elif dropped_ms(bucket_of(mark)) <= now_ms:
                late.append(index)
        if used:
            raise UsedBefore(used)
        if late:
            raise TooLate(late)
        for mark in once:
            self.marks.setdefault(bucket_of(mark), {})[mark.digest] = owner

    def last_position(self) -> Position:
        """The newest entry's, GENESIS if there is none."""
        return self.entries[-1].position if self.entries else GENESIS

    def after(self, position: Position, count: int) -> list[LogEntry]:
        """Up to `count` entries behind the position. Raises LogTrimmed."""
        if position < self.trimmed:
            raise LogTrimmed(f"the log in memory was trimmed to {self.trimmed}")
        start = bisect_right(self.entries, position, key=lambda entry: entry.position)
        return self.entries[start : start + count]

    def register(self, name: str, position: Position) -> None:
        """A reader lives and has read up to `position`."""
        self.readers[name] = Registered(name, position, self.clock.now_ms())

    def check_up(self) -> None:
        """Raise LogUnavailable while the server is down."""
        if not self.is_up:
            raise LogUnavailable("the log in memory is switched off")


class MemoryLog:
    """A gateway's side: interface.Log."""

    def __init__(self, server: MemoryLogServer) -> None:
        self._server = server

    async def lease_gateway(self) -> int:
        """A gateway number that was never given before."""
        self._server.check_up()
        self._server.gateways += 1
        return self._server.gateways

    async def append(self, data: bytes, once: Sequence[Once] = ()) -> Position:
        """Append one entry."""
        self._server.check_up()
        # Let others run, as they would while a disk writes: this is what entries are packed by.
        await asyncio.sleep(0)
        return self._server.append(data, once)

    async def last_position(self) -> Position:
        """The position of the newest entry."""
        self._server.check_up()
        return self._server.last_position()

    async def close(self) -> None:
        """Nothing to give back."""


class MemoryTrimmer:
    """The archive's side: interface.Trimmer."""

    def __init__(self, server: MemoryLogServer) -> None:
        self._server = server

    def trim(self, bound: Position, vanished_ms: int) -> Trimmed:
        """Drop what is before `bound` and what every registered reader has passed."""
        server = self._server
        server.check_up()
        now = server.clock.now_ms()
        vanished = [r.name for r in server.readers.values() if now - r.seen_ms > vanished_ms]
        for name in vanished:
            del server.readers[name]
        slowest = min(server.readers.values(), key=lambda reader: reader.position, default=None)
        holder = slowest.name if slowest and slowest.position < bound else ""
        if slowest and holder:
            bound = slowest.position
        server.trimmed = max(server.trimmed, bound)
        count = bisect_left(server.entries, server.trimmed, key=lambda entry: entry.position)
        with server.changed:
            del server.entries[:count]
        return Trimmed(server.trimmed, count, holder, vanished)

    def trimmed(self) -> Position:
        """The bound of the last trim."""
        self._server.check_up()
        return self._server.trimmed

    def readers(self) -> list[Registered]:
        """All registered readers."""
        return list(self._server.readers.values())

    def register(self, name: str, position: Position) -> None:
        """Register a reader, or say that it has passed `position`."""
        self._server.register(name, position)

    def forget(self, name: str) -> None:
        """A reader is gone for good."""
        self._server.readers.pop(name, None)

    def memory_bytes(self) -> int:
        """What the entries hold."""
        return sum(len(entry.data) for entry in self._server.entries)

    def close(self) -> None:
        """Nothing to give back."""


class MemoryLogReader:
    """An engine's side: interface.StreamReader."""

    def __init__(self, server: MemoryLogServer, name: str = "") -> None:
        self._server = server
        self._name = name
        self._held: Position | None = None

    def chain_at(self, position: Position) -> bytes | None:
        """The chain up to and with the entry at a position; read from genesis on."""
        return chain_at(self, position)

    def hold(self, position: Position | None) -> None:
        """What is behind that position is to stay on the server."""
        self._held = position

    def _register(self, after: Position) -> None:
        if self._name:
            held = after if self._held is None else min(after, self._held)
            self._server.register(self._name, held)

    def check_holds(self, after: Position) -> None:
        """Make sure that nothing behind `after` was trimmed."""
        self._server.check_up()
        self._register(after)
        self._server.after(after, 1)
        if after > self._server.last_position():
            raise LogLost(f"the log in memory doesn't hold {after}")

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`, waiting up to `block_ms` for the first."""
        self._server.check_up()
        with self._server.changed:
            self._server.changed.wait_for(
                lambda: self._server.last_position() > after, block_ms / 1000
            )
            return self._server.after(after, count)

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """What is there by now; nothing while the server is down."""
        self._register(after)
        return self._server.after(after, count) if self._server.is_up else []

    def fileno(self) -> int:
        """Nothing to select on."""
        return -1

    def last_position(self) -> Position:
        """The position of the newest entry."""
        self._server.check_up()
        return self._server.last_position()

    def close(self) -> None:
        """Nothing to give back."""


Receiver = Callable[[bytes], None]


class MemoryBusServer:
    """An event stream, and who listens to which channel."""

    def __init__(self) -> None:
        self.entries: list[EventEntry] = []
        self.receivers: dict[str, list[Receiver]] = {}
        self.notes: dict[str, str] = {}
        self.life = uuid.uuid4().hex
        self.begun: Position | None = None
        self.token = 0
        self.attestations: list[bytes] = []
        self.is_up = True
        self.lock = threading.RLock()

    def tail(self) -> Tail:
        """Where the stream ends."""
        with self.lock:
            last = self.entries[-1] if self.entries else None
            return Tail(last.position, last.event_hash) if last else Tail(GENESIS, START)

    def publish(self, channel: str, message: bytes) -> int:
        """Hand a message to everybody who listens."""
        with self.lock:
            receivers = list(self.receivers.get(channel, ()))
        for receive in receivers:
            receive(message)
        return len(receivers)

    def publish_noted(
        self,
        messages: Sequence[tuple[str, bytes]],
        notes: Mapping[str, str],
        owner: str,
        number: int,
    ) -> None:
        """Send messages and remember notes, if the notes are this owner's or nobody's, once."""
        with self.lock:
            if self.notes.setdefault(NOTES_OWNER, owner) != owner:
                raise NotesTaken("another has taken the notes in memory")
            if int(self.notes.get(NOTES_NUMBER, 0)) >= number:
                return
            self.notes |= {**notes, NOTES_NUMBER: str(number)}
        for channel, message in messages:
            self.publish(channel, message)

    def take_notes(self, owner: str) -> dict[str, str]:
        """What is remembered; from now on it is this owner's."""
        with self.lock:
            self.notes |= {NOTES_OWNER: owner, NOTES_NUMBER: "0"}
            return dict(self.notes)

    def index(self, position: Position) -> int:
        """Where in `entries` the position stands, or would."""
        return bisect_left(self.entries, position, key=lambda entry: entry.position)

    def check_up(self) -> None:
        """Raise BusUnavailable while the server is down."""
        if not self.is_up:
            raise BusUnavailable("the bus in memory is switched off")


class MemoryPublisher:
    """An engine's side: interface.Publisher."""

    def __init__(self, server: MemoryBusServer) -> None:
        self._server = server

    def tail(self) -> Tail:
        """Where the stream ends."""
        self._server.check_up()
        return self._server.tail()

    def append(
        self,
        before: Tail,
        entries: Sequence[EventEntry],
        messages: Sequence[tuple[str, bytes]],
        token: int = 0,
        life: str = "",
    ) -> Tail | None:
        """Append and send, if the stream ends with `before`."""
        self._server.check_up()
        with self._server.lock:
            if self._server.tail() != before:
                return self._server.tail()
            if life not in ("", self._server.life) and not self._server.entries:
                raise StreamLost(_LOST)
            if self._server.token > token:
                raise Claimed(self._server.token)
            self._server.entries.extend(entries)
        for channel, message in messages:
            self._server.publish(channel, message)
        return None

    def claim(self, before: Tail, token: int, life: str) -> Tail | None:
        """Let only those go on who know the token, if the stream ends with `before`."""
        self._server.check_up()
        with self._server.lock:
            if life != self._server.life:
                raise StreamLost(_LOST)
            if self._server.tail() != before:
                return self._server.tail()
            self._server.token = max(self._server.token, token)
            return None

    def life(self) -> str:
        """Names the server's life."""
        self._server.check_up()
        return self._server.life

    def begin(self, life: str, end: Position, token: int) -> Begun | None:
        """Note where an empty stream begins, and the token, if this is still the server's life."""
        server = self._server
        server.check_up()
        with server.lock:
            if life != server.life:
                return None
            if not server.entries and server.begun is None:
                server.begun = end
            server.token = max(server.token, token)
            return Begun(server.begun or GENESIS, server.token)

    def publish(self, channel: str, message: bytes) -> None:
        """Send a message."""
        self._server.check_up()
        self._server.publish(channel, message)

    def close(self) -> None:
        """Nothing to give back."""


class MemorySubscription:
    """An engine's ear on one channel: interface.Subscription."""

    def __init__(self, server: MemoryBusServer, channel: str) -> None:
        self._waiting: deque[bytes] = deque()
        self._receivers = server.receivers.setdefault(channel, [])
        self._receive = self._waiting.append
        self._receivers.append(self._receive)

    def receive(self) -> list[bytes]:
        """What has come since the last call."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def fileno(self) -> int:
        """Nothing to select on."""
        return -1

    def close(self) -> None:
        """Hear no more."""
        self._receivers.remove(self._receive)


class MemoryBus:
    """A gateway's side: interface.Bus."""

    def __init__(self, server: MemoryBusServer) -> None:
        self._server = server
        self._receivers: dict[str, Receiver] = {}
        self._on_reconnect: list[Callable[[], None]] = []

    async def subscribe(self, channel: str, receive: Receiver) -> None:
        """Call `receive` with every message of the channel, in this event loop."""
        loop = asyncio.get_running_loop()

        def guarded(message: bytes) -> None:
            try:
                receive(message)
            except Exception:
                _logger.exception("a receiver of channel %s failed", channel)

        def hand_over(message: bytes) -> None:
            loop.call_soon_threadsafe(guarded, message)

        await self.unsubscribe(channel)
        with self._server.lock:
            self._receivers[channel] = hand_over
            self._server.receivers.setdefault(channel, []).append(hand_over)

    async def unsubscribe(self, channel: str) -> None:
        """Hear no more of the channel."""
        with self._server.lock:
            if receive := self._receivers.pop(channel, None):
                self._server.receivers[channel].remove(receive)

    async def publish(self, channel: str, message: bytes) -> int:
        """Send a message."""
        self._server.check_up()
        return self._server.publish(channel, message)

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send messages."""
        self._server.check_up()
        for channel, message in messages:
            self._server.publish(channel, message)

    async def publish_noted(
        self,
        messages: Sequence[tuple[str, bytes]],
        notes: Mapping[str, str],
        owner: str,
        number: int,
    ) -> None:
        """Send messages and remember notes."""
        self._server.check_up()
        self._server.publish_noted(messages, notes, owner, number)

    async def take_notes(self, owner: str) -> dict[str, str]:
        """What is remembered; from now on it is this owner's."""
        self._server.check_up()
        return self._server.take_notes(owner)

    async def listened(self) -> list[str]:
        """The channels that somebody listens to."""
        self._server.check_up()
        with self._server.lock:
            return [channel for channel, heard in self._server.receivers.items() if heard]

    async def event_tail(self) -> Position:
        """The position of the stream's last entry."""
        self._server.check_up()
        return self._server.tail().position

    async def event_entry(self, position: Position) -> EventEntry | None:
        """The event entry of a position."""
        self._server.check_up()
        entries = self._server.entries
        index = self._server.index(position)
        found = index < len(entries) and entries[index].position == position
        return entries[index] if found else None

    async def event_entries_before(self, position: Position, count: int) -> list[EventEntry]:
        """Up to `count` before the position, newest first."""
        self._server.check_up()
        end = self._server.index(position)
        return self._server.entries[max(0, end - count) : end][::-1]

    async def event_entries_after(
        self, position: Position, count: int, block_ms: int
    ) -> list[EventEntry]:
        """Up to `count` behind the position, oldest first."""
        self._server.check_up()
        polls = block_ms if self._server.tail().position <= position else 0
        for _ in range(polls):
            await asyncio.sleep(_POLL_S)
            if self._server.tail().position > position:
                break
        start = self._server.index(Position(position.high, position.low + 1))
        return self._server.entries[start : start + count]

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call after messages may have been missed: here when a test says so."""
        self._on_reconnect.append(call)

    def reconnected(self) -> None:
        """Behave as if the connection had been lost and found again."""
        for call in self._on_reconnect:
            call()

    async def close(self) -> None:
        """Hear no more of anything."""
        for channel in list(self._receivers):
            await self.unsubscribe(channel)
