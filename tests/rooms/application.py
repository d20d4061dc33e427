"""A chat of rooms on the websocket server: an application that is no exchange.

talk.X      every message
news.X      the latest message matters
sum.X       numbers, whose sum matters: two are joined by adding them
count.X     numbered messages, remembered
even.X      of count.X those that are even
whisper.X   numbered, for who knows the word, as long as it holds
called.X    every message, once it is known that somebody listens
silent.X    nothing, ever
"""

import struct
from collections import defaultdict

from truebook.ws.interface import Channel, Missed, Refused, Unavailable

WORD = ["sesame", "", "", ""]


def numbered(number: int, text: bytes = b"") -> bytes:
    """A message of a numbered channel."""
    return struct.pack("<Q", number) + text


class Rooms:
    """Guide and backlog."""

    def __init__(self) -> None:
        self.remembered: dict[str, list[bytes]] = defaultdict(list)
        self.is_available = True
        self.word_holds = True
        self.asked: list[tuple[str, int | None]] = []

    def channels_of(self, streams, signature, address):
        return [self._channel(stream, signature) for stream in streams]

    def _channel(self, stream, signature):
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
        return Missed(len(known), [] if after is None else known[after:])


def added(older: bytes, newer: bytes) -> bytes:
    """Two numbers as one."""
    return b"%d" % (int(older) + int(newer))
