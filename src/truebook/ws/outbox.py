"""What a session sends: written at once while its reader keeps up, else waiting, within bounds.

Promise: a reader who keeps up gets every message, in order. One who falls behind gets, once there
is room again, what had to wait: messages of a stream that can be joined are one by then, others
wait each. One who leaves more waiting than the limit, or takes nothing for some seconds, is given
up: nothing is left out in silence. Whatever a reader does, it takes bounded memory and nobody
else's time.

Why the memory is bounded: the transport holds its high-water mark and one batch, this holds
`WS_OUTBOX_BYTES_MAX`, the kernel its socket's buffer.

Why joining takes little time: what waits of a stream is a few runs, each more than twice as long as
the one after it. A message is joined with the runs that are not, so a byte is copied again only
when what it is in has grown by half: not with every message that comes. The runs are joined with
each other when they are sent, or would be too much.
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
    """What waits at one place; without a stream it is a whole frame."""

    __slots__ = ("runs", "stream")

    def __init__(self, stream: Stream | None, message: bytes) -> None:
        self.stream = stream
        self.runs = [message]
        """Messages, each longer than twice the next one, where they can be joined at all."""

    @property
    def bytes(self) -> int:
        """What it costs."""
        return sum(map(len, self.runs)) + _OVERHEAD_BYTES * len(self.runs)


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
            self.bytes -= first.bytes
            if first.stream is None:
                frame = first.runs[0]
            else:
                _join_all(first.stream, first.runs)
                frame = b"".join(map(first.stream.frame, first.runs))
                if self._last.get(first.stream) is first:
                    del self._last[first.stream]
            frames.append(frame)
            size += len(frame)
        return b"".join(frames)

    def _wait(self, stream: Stream, message: bytes) -> None:
        if stream.merge is None:
            self._append(stream, message)
        elif not self._join(stream, message):
            waiting = self._append(stream, message)
            if self._is_open:
                self._last[stream] = waiting

    def _join(self, stream: Stream, message: bytes) -> bool:
        """Put a message to what waits of its stream last; False: they can't be joined."""
        last = self._last.get(stream)
        if last is None:
            return False
        before = last.bytes
        last.runs.append(message)
        is_joined = _join_last(stream, last.runs)
        if not is_joined:
            last.runs.pop()
        self.bytes += last.bytes - before
        self._check()
        return is_joined

    def _append(self, stream: Stream | None, message: bytes) -> _Waiting:
        waiting = _Waiting(stream, message)
        self._waiting.append(waiting)
        self.bytes += waiting.bytes
        self._check()
        return waiting

    def _check(self) -> None:
        if self.bytes > WS_OUTBOX_BYTES_MAX:
            for stream, waiting in self._last.items():
                self.bytes -= waiting.bytes
                _join_all(stream, waiting.runs)
                self.bytes += waiting.bytes
        if self.bytes > WS_OUTBOX_BYTES_MAX:
            self._end(f"more than {WS_OUTBOX_BYTES_MAX} bytes wait to be read")

    def _end(self, reason: str) -> None:
        if self._is_open:
            self.close()
            self._give_up(reason)


def _join_last(stream: Stream, runs: list[bytes]) -> bool:
    """Join the newest run with those that are not more than twice as long; False: it can't be."""
    is_new = True
    while len(runs) > 1 and len(runs[-2]) <= 2 * len(runs[-1]):
        joined = stream.joined(runs[-2], runs[-1])
        if joined is None:
            return not is_new
        runs[-2:] = [joined]
        is_new = False
    return True


def _join_all(stream: Stream, runs: list[bytes]) -> None:
    """Join all runs, the newest first: they are the shortest."""
    at = len(runs) - 1
    while at > 0:
        joined = stream.joined(runs[at - 1], runs[at])
        if joined is not None:
            runs[at - 1 : at + 1] = [joined]
        at -= 1
