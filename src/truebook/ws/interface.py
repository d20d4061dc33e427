"""What an application gives the websocket server: who may hear which channel, and what was missed.

The server knows channels of the bus and bytes, nothing of what they say. An application brings a
`Guide`, which turns the names that clients write into channels, each for one `Guest`, and a
`Backlog` if it has numbered channels. With these it is a chat, a game or an exchange.

A message of an ordinary channel is the JSON that stands under `data` in a client's frame. A message
of a **numbered** channel is its number, eight bytes, little-endian, and then that JSON. Numbers
have no gap; a message without JSON only says what the last number is.
"""

from collections.abc import Callable, Coroutine, Sequence
from struct import Struct
from typing import NamedTuple, Protocol

Merge = Callable[[bytes, bytes], bytes | None]
"""Joins two messages in a row, older and newer, into one that says the same to who has seen
neither; None: they can't be joined."""

_NUMBER = Struct("<Q")


class Presence(Protocol):
    """Wants to know how long somebody has a stream that says no more than "I am here"."""

    async def began(self) -> None:
        """The stream was subscribed to; the answer waits for this. Raises Unavailable."""

    def ended(self, *, was_asked: bool) -> None:
        """It is no more: by UNSUBSCRIBE, or because the session has ended or may not have it any
        longer. May come before `began` is done, which is then cancelled or fails."""


class Channel(NamedTuple):
    """What a stream of a client is made of."""

    name: str
    """Of the bus. Empty: a stream on which nothing is ever sent."""
    is_numbered: bool = False
    merge: Merge | None = None
    """For a reader who can't keep up; None: such a reader gets every message, or is closed."""
    wants: Callable[[bytes], bool] | None = None
    """Which of the channel's messages belong to the stream; None: all."""
    is_announced: bool = False
    """Whether the application only speaks there once it knows of a listener: the backlog is asked
    for the channel, without a number, before the subscriber is answered."""
    is_allowed: Callable[[], bool] | None = None
    """Asked every second, whether its subscriber may still hear it; None: everybody may."""
    presence: Presence | None = None
    """Of one subscription; told when it begins and ends."""


class Missed(NamedTuple):
    """Messages of a numbered channel: every one after the number asked for, up to `number`."""

    number: int
    messages: Sequence[bytes]
    is_all: bool = True
    """Whether `number` is the last one; else there are more to be asked for after it."""


class Refused(Exception):
    """What a client wants can't be; it is told the code and the message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Unavailable(Exception):
    """What was asked for can't be had at the moment."""

    def __init__(self, reason: str, told: str = "what came after `after` can't be had") -> None:
        super().__init__(reason)
        self.told = told
        """What the client is told."""


class Handshake(NamedTuple):
    """How somebody asks for a session."""

    address: str
    """From where; what a trusted proxy says counts as it."""
    headers: Sequence[tuple[bytes, bytes]]
    """Names in lower case, and values, as they came."""


class Rejected(Exception):
    """Nobody is let in who asks so; it is told the HTTP status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Guest(Protocol):
    """The application's side of one session."""

    def arriving(self) -> Coroutine[None, None, None] | None:
        """What must be found out before the first request is looked at; None: nothing."""

    def channels_of(self, streams: Sequence[str], signature: Sequence[str] | None) -> list[Channel]:
        """The channel of each stream, all for the one who signed. Raises Refused."""

    def reason_to_leave(self) -> str:
        """Asked every second; unless it is empty, the session is closed with it."""


class Guide(Protocol):
    """Knows the streams of an application, and who may come."""

    def welcome(self, handshake: Handshake) -> Guest:
        """Somebody comes. Raises Rejected."""


class Backlog(Protocol):
    """Remembers numbered channels, and hears of announced ones."""

    async def updates(self, channel: str, after: int | None) -> Missed:
        """What a channel said after a number; None: nothing, just its last number. The answer is
        as of the call or later. Raises Unavailable."""


def read_numbered(message: bytes) -> tuple[int, bytes]:
    """Number and JSON of a numbered channel's message."""
    return _NUMBER.unpack_from(message)[0], message[_NUMBER.size :]
