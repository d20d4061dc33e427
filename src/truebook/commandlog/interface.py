"""What a command log and a bus are: the interfaces that every adapter keeps, and their contract.

The **log** is the one durable order of all commands. Promise: once `append` has returned a position
the entry is on disk; a reader that is given an entry may rely on that too; entries never change and
never change places. Appending is the only write.

The **bus** carries what is made from the log: the event stream, replies, settings, queries. Nothing
on it is durable, and nothing needs to be: it is a function of the log and can be made again.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol


class Position(NamedTuple):
    """A place in the log: opaque, ordered, 128 bits. Here the id of a stream entry."""

    high: int
    low: int

    def __str__(self) -> str:
        return f"{self.high}-{self.low}"

    @classmethod
    def parse(cls, text: str | bytes) -> "Position":
        """The position written as text, `high-low`; ValueError for anything else."""
        high, _, low = (text.decode("ascii") if isinstance(text, bytes) else text).partition("-")
        if not (high.isascii() and high.isdigit() and low.isascii() and low.isdigit()):
            raise ValueError(f"not a log position: {text!r}")
        return cls(int(high), int(low))


GENESIS = Position(0, 0)
"""Before the first entry."""


class LogEntry(NamedTuple):
    """One entry as it stands in the log; `data` is an ENTRY header (time 0) and its records."""

    position: Position
    time_ms: int
    data: bytes


class LogUnavailable(Exception):
    """The log can't be reached or refuses writes; the entry was certainly not written."""


class OutcomeUnknown(Exception):
    """The connection broke after the entry was sent: it may or may not stand in the log."""


class Log(Protocol):
    """The gateway's side of the log: one instance holds one connection and appends in order."""

    async def lease_gateway(self) -> int:
        """A gateway number that was never given before, from 1."""

    async def append(self, data: bytes) -> Position:
        """Append one entry; its position once it is on disk.

        Raises LogUnavailable or OutcomeUnknown. After OutcomeUnknown the caller re-sends the same
        bytes before anything else: the engine ignores a sequence that it has seen.
        """

    async def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log."""

    async def close(self) -> None:
        """Give the connection back."""


class LogReader(Protocol):
    """The engine's side of the log: blocking, in order."""

    def read(self, after: Position, count: int, block_ms: int) -> list[LogEntry]:
        """Up to `count` entries behind `after`; waits up to `block_ms` (0: not) for the first."""

    def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log."""

    def close(self) -> None:
        """Give the connection back."""


class EventEntry(NamedTuple):
    """One entry of the event stream: what the engine made of the log entry at `position`."""

    position: Position
    previous: Position
    events: bytes
    replies: bytes
    event_hash: bytes


class Bus(Protocol):
    """The asynchronous side of the bus, for gateways and everybody who listens."""

    async def subscribe(self, channel: str, receive: Callable[[bytes], None]) -> None:
        """Call `receive` with every message of the channel from now on, in order. A receiver that
        raises is logged and keeps its subscription. Subscriptions survive a reconnect."""

    async def publish(self, channel: str, message: bytes) -> int:
        """Send a message; how many subscriptions it went to."""

    async def event_entry(self, position: Position) -> EventEntry | None:
        """The event entry of a position, if the stream has it."""

    async def event_entries_before(self, position: Position, count: int) -> list[EventEntry]:
        """Up to `count` event entries before `position`, newest first."""

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call `call` after each time that messages may have been missed."""

    async def close(self) -> None:
        """Give the connections back."""


SETTINGS_CHANNEL = "settings"
"""A position (16 bytes: high, low, little-endian) and the settings events of one batch."""

QUERIES_CHANNEL = "queries"
"""queries.Query messages, to any engine."""


def reply_channel(gateway: int) -> str:
    """The channel of a gateway's replies and query answers."""
    return f"gateway:{gateway}"
