"""A stream: a channel under the name that a client wrote, for all who wrote it so.

Promise: a message is put into a frame once for all its readers, and two messages are joined once
for all readers that are behind in the same way.
"""

import json

from truebook.ws.frames import text_frame
from truebook.ws.interface import Channel


class Stream:
    """What the sessions that subscribed under one name share."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.merge = channel.merge
        self.wants = channel.wants
        self.arrived: list[bytes] = []
        """Messages that are about to be sent."""
        self._start = b'{"stream":%b,"data":' % json.dumps(name, ensure_ascii=False).encode()
        self._joined: dict[tuple[bytes, bytes], bytes | None] = {}

    def frame(self, message: bytes) -> bytes:
        """The frame that carries a message of the channel."""
        return text_frame(b"%b%b}" % (self._start, message))

    def joined(self, older: bytes, newer: bytes) -> bytes | None:
        """Two messages as one, where the channel allows it."""
        if self.merge is None:
            return None
        both = (older, newer)
        if both not in self._joined:
            self._joined[both] = self.merge(older, newer)
        return self._joined[both]

    def forget(self) -> None:
        """All readers have been given a batch: what was joined for it isn't needed again."""
        if self._joined:
            self._joined.clear()
