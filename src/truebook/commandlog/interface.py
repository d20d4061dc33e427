"""What a command log and a bus are: the interfaces that every adapter keeps, and their contract.

The **log** is the one durable order of all commands. Promise: once `append` has returned a position
the entry is on disk; a reader that is given an entry may rely on that too; entries never change and
never change places. Appending is the only write.

The **bus** carries what is made from the log: the event stream, replies, settings, queries. Nothing
on it is durable, and nothing needs to be: it is a function of the log and can be made again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class Position(NamedTuple):
    """A place in the log: opaque, ordered, 128 bits. Here the id of a stream entry."""

    high: int
    low: int

    def __str__(self) -> str:
        return f"{self[0]}-{self[1]}"

    @classmethod
    def parse(cls, text: str | bytes) -> "Position":
        """The position written as text, `high-low`; ValueError for anything else."""
        high, _, low = (text.encode() if isinstance(text, str) else text).partition(b"-")
        # Of bytes only the ten digits of ASCII are digits.
        if not (high.isdigit() and low.isdigit()):
            raise ValueError(f"not a log position: {text!r}")
        return cls(int(high), int(low))


GENESIS = Position(0, 0)
"""Before the first entry."""


class LogEntry(NamedTuple):
    """One entry as it stands in the log; `data` is an ENTRY header (time 0) and its records."""

    position: Position
    time_ms: int
    data: bytes
    reached_ms: int = 0
    """When it was reached, where that was later than at once (recoveries.py); 0: it wasn't."""


class LogUnavailable(Exception):
    """The log can't be reached or refuses writes; the entry was certainly not written."""


class LogNotDurable(LogUnavailable):
    """The log server is set up so that an acknowledged entry could be lost; names the setting."""


class LogLost(Exception):
    """The log ends before an entry that was read from it: the server lost what it acknowledged."""


class LogTrimmed(Exception):
    """The entries behind a position aren't on the log server any more: the archive has them."""


class LogHole(Exception):
    """Entries that were in the log are neither on its server nor in the archive."""


class Overtaken(Exception):
    """Entries were read as reached at once, and it has become a fact that they were reached later:
    who applied them must start again."""


class RecoveriesWrong(Exception):
    """The log server's list of recoveries isn't what stands in the log."""


class BusUnavailable(Exception):
    """The bus can't be reached or refuses; whether it has done what was asked is not known."""


class NotesTaken(Exception):
    """Another has taken the bus's notes: nothing is sent in the name of who had them before."""


class StreamLost(Exception):
    """The event stream ends before an entry that was in it: fill it again from the log."""


class StreamForeign(Exception):
    """The event stream was not made from this log by engines like this one."""


class Claimed(Exception):
    """The event stream waits for a recovery: only who knows number `token` may add to it."""

    def __init__(self, token: int) -> None:
        super().__init__(f"the event stream is for those who know recovery {token}")
        self.token = token


class Once(NamedTuple):
    """Marks commands that may be written once only, however often somebody sends them."""

    digest: bytes
    """16 bytes that stand for what they came by, a signature."""
    until_ms: int
    """When it ends anyway, in milliseconds since 1970: nobody takes the signature after that."""


class UsedBefore(Exception):
    """The entry was not written, nor can it be: another entry has some of its marks."""

    def __init__(self, indexes: Sequence[int] = ()) -> None:
        super().__init__("it may be done once only, and was done before")
        self.indexes = indexes
        """Which of the marks that were given to `append`."""


class TooLate(UsedBefore):
    """Nothing was written now: by the log server's clock it is so late that it has forgotten who
    had these marks. An earlier append of the same entry may have been written."""


class OutcomeUnknown(Exception):
    """The connection broke after the entry was sent: it may or may not stand in the log."""


class Log(Protocol):
    """The gateway's side of the log: one instance holds one connection and appends in order."""

    async def lease_gateway(self) -> int:
        """A gateway number that was never given before, from 1."""

    async def append(self, data: bytes, once: Sequence[Once] = ()) -> Position:
        """Append one entry; its position once it is on disk.

        In the same step the marks in `once`, none of them twice, are remembered. If another entry
        had one, by gateway and sequence, nothing is written: UsedBefore. Otherwise, if the time of
        one is over: TooLate.

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
        """Up to `count` entries behind `after`; waits up to `block_ms` (0: not) for the first.

        Raises LogUnavailable; the next call connects again.
        """

    def follow(self, after: Position, count: int) -> list[LogEntry]:
        """The entries behind `after`, up to `count`, that have come by now; never waits.

        For a reader that goes on for ever, with `after` always the last entry it was given. Once it
        has given nothing, `fileno` becomes readable when there is more. While the log can't be
        reached it gives nothing and connects again by itself. Raises LogLost, LogNotDurable.
        """

    def chain_at(self, position: Position) -> bytes | None:
        """The chain (chain.py) up to and with the entry at a position, for whoever doesn't follow
        yet; None: there is no such entry. Raises LogUnavailable."""

    def hold(self, position: Position | None) -> None:
        """What is behind that position is to stay at hand, though it was read: one would start
        there again. None: nothing more than what wasn't read."""

    def fileno(self) -> int:
        """What to `select` on to be woken for the next `follow`; below 0: nothing, ask again."""

    def last_position(self) -> Position:
        """The position of the newest entry; GENESIS for an empty log. Raises LogUnavailable."""

    def close(self) -> None:
        """Give the connection back."""


class StreamReader(LogReader, Protocol):
    """A reader of what the log server still has.

    Where entries behind the position asked for have been trimmed, `read`, `follow` and
    `check_holds` raise LogTrimmed. One that is made with a name is **registered** while it follows:
    the server keeps what is behind its position, or behind the one that it holds, if that is less.
    """

    def check_holds(self, after: Position) -> None:
        """Make sure that the server has `after` and all that came behind it. Raises LogTrimmed,
        LogLost, LogUnavailable."""


class Recovery(NamedTuple):
    """What stands between these two positions was reached at the time of the second."""

    after: Position
    at: Position


class RecoveryBook(Protocol):
    """Beside the log, on its server: the list of its recoveries, and a token that changes whenever
    the list does. Every method may raise LogUnavailable."""

    def read(self) -> tuple[int, list[Recovery]]:
        """The token, and the list, which may be newer than the token, but not older."""

    def append(self, token: int, after: Position) -> bool:
        """Write a RECOVERY of what stands behind `after` into the log and into the list, in one
        step, if the token is still this one; whether it was."""

    def fence(self) -> None:
        """Change the token: no recovery that somebody has begun will be written."""

    def now_ms(self) -> int:
        """The log server's clock, which stamps entries."""

    def close(self) -> None:
        """Give the connection back."""


class Trimmed(NamedTuple):
    """What a trim came to."""

    bound: Position
    """The oldest entry that the server keeps for sure."""
    entries: int
    """How many it has dropped just now."""
    holder: str
    """The registered reader that had not passed; empty: none."""
    vanished: list[str]
    """Registered readers that gave no sign for too long, and don't count any more."""


class Registered(NamedTuple):
    """A registered reader of the log."""

    name: str
    position: Position
    seen_ms: int
    """When it last gave a sign, by the server's clock."""


class Trimmer(Protocol):
    """The archive's side of the log server. Every method may raise LogUnavailable."""

    def trim(self, bound: Position, vanished_ms: int) -> Trimmed:
        """Drop entries before `bound`, as far as all registered readers have passed, in one step.

        The entry at the bound stays: it proves that nothing is missing behind the archive. A reader
        that gave no sign for `vanished_ms` is forgotten.
        """

    def trimmed(self) -> Position:
        """The bound of the last trim; GENESIS if nothing was ever dropped."""

    def readers(self) -> list[Registered]:
        """All registered readers."""

    def register(self, name: str, position: Position) -> None:
        """Register a reader, or say that it has passed `position`."""

    def forget(self, name: str) -> None:
        """A reader is gone for good."""

    def memory_bytes(self) -> int:
        """What the log server holds in memory."""

    def close(self) -> None:
        """Give the connection back."""


class EventEntry(NamedTuple):
    """One entry of the event stream: what the engine made of the log entry at `position`."""

    position: Position
    previous: Position
    events: bytes
    replies: bytes
    event_hash: bytes


class Tail(NamedTuple):
    """Where the event stream ends: the last entry's position and the event hash up to there."""

    position: Position
    event_hash: bytes


class Begun(NamedTuple):
    """What the bus knows of its event stream beside it."""

    end: Position
    """Where the log ended when the stream began: what became of entries up to there may have been
    told by a bus before this one. GENESIS: not noted yet."""
    token: int
    """Who doesn't know this token adds nothing."""


class Publisher(Protocol):
    """The engine's side of the bus: blocking. Every method may raise BusUnavailable; the next call
    connects again."""

    def tail(self) -> Tail:
        """Where the event stream ends; GENESIS and the start of the hash where it is empty."""

    def append(
        self,
        before: Tail,
        entries: Sequence[EventEntry],
        messages: Sequence[tuple[str, bytes]],
        token: int = 0,
        life: str = "",
    ) -> Tail | None:
        """Append the entries and send the messages (channel, bytes), if the stream ends with
        `before`, all in one step: None. Else do nothing: where the stream does end.

        Raises Claimed if it waits for a recovery with a higher token than this. `life`: the
        server's, in which this engine has noted where an empty stream begins; an empty stream of
        another life isn't begun: StreamLost. Empty: not looked at."""

    def claim(self, before: Tail, token: int, life: str) -> Tail | None:
        """If the stream ends with `before`, let only those go on there who know this token: None.
        Else do nothing: where the stream does end. Raises StreamLost, having done nothing, if this
        isn't the server's life any more: the stream is another one then, wherever it ends."""

    def life(self) -> str:
        """Names the server's life: after it has lost everything there is another."""

    def begin(self, life: str, end: Position, token: int) -> "Begun | None":
        """If this is still the server's life, note for an empty stream that it began when the log
        ended at `end`, and that only those add to it who know the token. None: it isn't."""

    def publish(self, channel: str, message: bytes) -> None:
        """Send a message."""

    def close(self) -> None:
        """Give the connection back."""


class Subscription(Protocol):
    """A blocking process's ear on one channel of the bus; connects again by itself."""

    def receive(self) -> list[bytes]:
        """The messages that have come since the last call; never waits."""

    def fileno(self) -> int:
        """What to `select` on to be woken; below 0: nothing, ask again."""

    def close(self) -> None:
        """Give the connection back."""


class Bus(Protocol):
    """The asynchronous side of the bus, for gateways and everybody who listens."""

    async def subscribe(self, channel: str, receive: Callable[[bytes], None]) -> None:
        """Call `receive` with every message of the channel from now on, in order. A receiver that
        raises is logged and keeps its subscription. Subscriptions survive a reconnect."""

    async def unsubscribe(self, channel: str) -> None:
        """Hear no more of the channel."""

    async def publish(self, channel: str, message: bytes) -> int:
        """Send a message; how many subscriptions it went to. Raises BusUnavailable."""

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send messages (channel, bytes), all in one step. Raises BusUnavailable: perhaps nothing
        was sent."""

    async def publish_noted(
        self,
        messages: Sequence[tuple[str, bytes]],
        notes: Mapping[str, str],
        owner: str,
        number: int,
    ) -> None:
        """Send messages (channel, bytes) and remember notes, all in one step, if the notes are
        this owner's or nobody's; raises NotesTaken if not, and does nothing. Each note replaces the
        one of its name. `number`: 1, 2, 3 …, the same if it is sent again: it may have been done
        if it raises BusUnavailable, or be on its way still, and is done once."""

    async def take_notes(self, owner: str) -> dict[str, str]:
        """What is remembered, by name; as fleeting as all on the bus. From now on the notes are
        this owner's: what another has sent and hasn't arrived is not done. Raises
        BusUnavailable."""

    async def listened(self) -> list[str]:
        """The channels that somebody listens to. Raises BusUnavailable."""

    async def event_tail(self) -> Position:
        """The position of the stream's last entry; GENESIS where it is empty."""

    async def event_entry(self, position: Position) -> EventEntry | None:
        """The event entry of a position, if the stream has it."""

    async def event_entries_before(self, position: Position, count: int) -> list[EventEntry]:
        """Up to `count` event entries before `position`, newest first."""

    async def event_entries_after(
        self, position: Position, count: int, block_ms: int
    ) -> list[EventEntry]:
        """Up to `count` event entries behind `position`, oldest first; waits up to `block_ms`
        (0: not) for the first. A `previous` that isn't the position asked for tells that the
        stream was trimmed past it."""

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Call `call` after each time that messages may have been missed."""

    async def close(self) -> None:
        """Give the connections back."""


SETTINGS_CHANNEL = "settings"
"""A position (16 bytes: high, low, little-endian) and the settings events of one batch."""

NOTES_OWNER, NOTES_NUMBER = "owner", "number"
"""The notes that say whose the notes are, and what was done last in that name."""

QUERIES_CHANNEL = "queries"
"""queries.Query messages, to any engine."""

FEED_QUERIES_CHANNEL = "queries:feed"
"""queries.Query messages, to the feed."""

ROLES_CHANNEL = "queries:roles"
"""queries.Query messages of kind `roles`, to whoever has a status beside the engines."""


def reply_channel(gateway: int) -> str:
    """The channel of a gateway's replies (replies.py)."""
    return f"gateway:{gateway}"


def answer_channel(gateway: int) -> str:
    """The channel of the answers (queries.Answer) to a gateway's questions."""
    return f"gateway:{gateway}:answers"
