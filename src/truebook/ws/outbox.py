"""What a session sends: written at once while its reader keeps up, else waiting, within bounds.

Promise: a reader who keeps up gets every message, in order. One who falls behind gets, once there
is room again, what had to wait: messages of a stream that can be joined are one by then, others
wait each. One who leaves more waiting than the limit, or takes nothing for some seconds, is given
up: nothing is left out in silence. Whatever a reader does, it takes bounded memory and nobody
else's time.

Why the memory is bounded: the transport holds its high-water mark and one batch, this holds
`WS_OUTBOX_BYTES_MAX`, the kernel its socket's buffer.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from truebook.limits import WS_OUTBOX_BYTES_MAX, WS_STUCK_S_MAX, WS_TRANSPORT_BYTES_MAX
from truebook.ws.streams import Stream

_OVERHEAD_BYTES = 128
"""What a waiting message costs beside its text."""


class Writer(Protocol):
    """The transport, as far as an outbox needs it."""

    def write(self, data: bytes) -> None:
        """Send bytes; may call `Outbox.pause`."""


class _Waiting:
    """A message that waits; without a stream it is a whole frame."""

    __slots__ = ("message", "stream")

    def __init__(self, stream: Stream | None, message: bytes) -> None:
        self.stream = stream
        self.message = message


class Outbox:
    """Of one session; `give_up` is called once with the reason, and then nothing is sent."""

    def __init__(self, writer: Writer, give_up: Callable[[str], None]) -> None:
        self._writer = writer
        self._give_up = give_up
        self._is_open = True
        self._is_paused = False
        self._waiting: deque[_Waiting] = deque()
        self._last: dict[Stream, _Waiting] = {}
        self._pong: bytes | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._emptied: list[asyncio.Future[None]] = []
        self.bytes = 0
        """What waits."""

    @property
    def is_congested(self) -> bool:
        """Whether messages have to wait."""
        return self._is_paused or bool(self._waiting)

    def send(self, stream: Stream, messages: Sequence[bytes], frames: bytes) -> None:
        """Send messages of a stream; `frames` are all their frames in one piece."""
        if not self._is_open:
            return
        if not self._is_paused:
            self._writer.write(frames)
            return
        for message in messages:
            self._wait(stream, message)

    def answer(self, frame: bytes) -> None:
        """Send a frame that belongs to no stream."""
        if not self._is_open:
            return
        if not self._is_paused:
            self._writer.write(frame)
        else:
            self._append(None, frame)

    def pong(self, frame: bytes) -> None:
        """Answer a ping; of several that wait only the last needs an answer."""
        if self._is_paused:
            self._pong = frame
        elif self._is_open:
            self._writer.write(frame)

    async def until_empty(self) -> None:
        """Wait until nothing waits; for ever, if it was given up."""
        while self.is_congested or not self._is_open:
            emptied = asyncio.get_running_loop().create_future()
            self._emptied.append(emptied)
            await emptied

    def pause(self) -> None:
        """The transport holds as much as it should."""
        self._is_paused = True
        if self._stuck is None:
            reason = f"nothing was read for {WS_STUCK_S_MAX:g} s"
            loop = asyncio.get_running_loop()
            self._stuck = loop.call_later(WS_STUCK_S_MAX, self._end, reason)

    def resume(self) -> None:
        """The transport has room: send what waits, as far as that goes."""
        self._is_paused = False
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        if self._pong is not None:
            pong, self._pong = self._pong, None
            self._writer.write(pong)
        while self._waiting and not self._is_paused:
            self._writer.write(self._next_piece())
        if not self.is_congested:
            emptied, self._emptied = self._emptied, []
            for future in emptied:
                if not future.done():
                    future.set_result(None)

    def close(self) -> None:
        """Send nothing more, and forget what waits."""
        self._is_open = False
        if self._stuck is not None:
            self._stuck.cancel()
        self._waiting.clear()
        self._last.clear()
        self.bytes = 0

    def _next_piece(self) -> bytes:
        """Frames of what waits longest, about as much as the transport should hold."""
        frames: list[bytes] = []
        size = 0
        while self._waiting and size < WS_TRANSPORT_BYTES_MAX:
            first = self._waiting.popleft()
            self.bytes -= len(first.message) + _OVERHEAD_BYTES
            if first.stream is None:
                frame = first.message
            else:
                frame = first.stream.frame(first.message)
                if self._last.get(first.stream) is first:
                    del self._last[first.stream]
            frames.append(frame)
            size += len(frame)
        return b"".join(frames)

    def _wait(self, stream: Stream, message: bytes) -> None:
        if stream.merge is None:
            self._append(stream, message)
            return
        last = self._last.get(stream)
        joined = None if last is None else stream.joined(last.message, message)
        if last is None or joined is None:
            self._last[stream] = self._append(stream, message)
            return
        self.bytes += len(joined) - len(last.message)
        last.message = joined
        self._check()

    def _append(self, stream: Stream | None, message: bytes) -> _Waiting:
        waiting = _Waiting(stream, message)
        self._waiting.append(waiting)
        self.bytes += len(message) + _OVERHEAD_BYTES
        self._check()
        return waiting

    def _check(self) -> None:
        if self.bytes > WS_OUTBOX_BYTES_MAX:
            self._end(f"more than {WS_OUTBOX_BYTES_MAX} bytes wait to be read")

    def _end(self, reason: str) -> None:
        if self._is_open:
            self.close()
            self._give_up(reason)
