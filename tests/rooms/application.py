"""A chat of rooms on the websocket server: an application that is no exchange.

talk.X      every message
news.X      the latest message matters
sum.X       numbers, whose sum matters: two are joined by adding them
count.X     numbered messages, remembered
even.X      of count.X those that are even
whisper.X   numbered, for who knows the word, as long as it holds
called.X    every message, once it is known that somebody listens
silent.X    nothing, ever
here.X      nothing; the rooms know how long somebody is there

Who says in a header "Banned: yes" is not let in; "Name: …" is asked for in a book, which may be
closed for a while, and who stands there no longer has to leave.
"""

import asyncio
import struct
from collections import defaultdict

from truebook.ws.interface import Channel, Missed, Refused, Rejected, Unavailable

WORD = ["sesame", "", "", ""]


def numbered(number: int, text: bytes = b"") -> bytes:
    """A message of a numbered channel."""
    return struct.pack("<Q", number) + text


class Rooms:
    """Guide and backlog."""

    def __init__(self) -> None:
        self.remembered: dict[str, list[bytes]] = defaultdict(list)
        self.is_available = True
        self.page = 10
        """How many messages are told at once."""
        self.word_holds = True
        self.asked: list[tuple[str, int | None]] = []
        self.book = {"ann"}
        self.book_opens = asyncio.Event()
        self.book_opens.set()
        self.guests: list[Guest] = []
        self.stays: list[str] = []
        """What happened to streams of presence."""

    def welcome(self, handshake):
        headers = dict(handshake.headers)
        if b"banned" in headers:
            raise Rejected(403, "nobody wants you here")
        return Guest(self, handshake.address, headers.get(b"name", b"").decode())

    def channels_of(self, streams, signature, name=""):
        return [self._channel(stream, signature, name) for stream in streams]

    def _channel(self, stream, signature, name):
        kind, dot, room = stream.partition(".")
        if not dot or not room:
            raise Refused(4006, "Invalid stream")
        match kind:
            case "talk":
                return Channel(stream)
            case "news":
                return Channel(stream, merge=lambda older, newer: newer)
            case "sum":
                return Channel(stream, merge=added)
            case "count":
                return Channel(stream, is_numbered=True)
            case "even":
                is_even = lambda text: int(text) % 2 == 0  # noqa: E731
                return Channel(f"count.{room}", is_numbered=True, wants=is_even)
            case "whisper":
                if signature != WORD:
                    raise Refused(4004, "signature: the word is another one")
                return Channel(stream, is_numbered=True, is_allowed=lambda: self.word_holds)
            case "called":
                return Channel(stream, is_announced=True)
            case "silent":
                return Channel("")
            case "here":
                return Channel("", is_allowed=lambda: self.word_holds, presence=Stay(self, room))
            case "mine" if name:
                return Channel(f"mine.{name}")
        raise Refused(4006, "Invalid stream")

    def say(self, channel: str, text: bytes) -> bytes:
        """The next message of a numbered channel, as it goes over the bus."""
        self.remembered[channel].append(text)
        return numbered(len(self.remembered[channel]), text)

    async def updates(self, channel, after):
        self.asked.append((channel, after))
        if not self.is_available:
            raise Unavailable("nobody remembers")
        known = self.remembered[channel]
        if after is None:
            return Missed(len(known), [])
        told = known[after : after + self.page]
        number = min(after + len(told), len(known))
        return Missed(number, told, number == len(known))


class Guest:
    """Somebody in the rooms."""

    def __init__(self, rooms, address, name):
        self.rooms = rooms
        self.address = address
        self.name = name
        rooms.guests.append(self)

    def arriving(self):
        return self._find() if self.name else None

    async def _find(self):
        await self.rooms.book_opens.wait()
        if self.name == "bug":
            raise RuntimeError("a bug of the application")

    def channels_of(self, streams, signature):
        return self.rooms.channels_of(streams, signature, self.name)

    def reason_to_leave(self):
        return "you are not in the book" if self.name and self.name not in self.rooms.book else ""


class Stay:
    """Somebody's presence in a room."""

    def __init__(self, rooms, room):
        self.rooms = rooms
        self.room = room

    async def began(self):
        if self.room == "full":
            raise Unavailable("no place", "the room is full")
        self.rooms.stays.append(f"{self.room} began")

    def ended(self, *, was_asked):
        self.rooms.stays.append(f"{self.room} {'left' if was_asked else 'lost'}")


def added(older: bytes, newer: bytes) -> bytes:
    """Two numbers as one."""
    return b"%d" % (int(older) + int(newer))
