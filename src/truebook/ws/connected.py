"""A connected client: its frames, its pings, its end; what it says is for the subclasses.

Promise: whatever a client sends is handed on as whole text messages, or ends the connection with
the close code that fits; it never disturbs another one or the server. What a client is sent goes
through its outbox; one that doesn't read, or gives no sign of life, is closed.
"""

import asyncio
import socket

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from truebook.limits import (
    WS_CLOSING_S_MAX,
    WS_PING_S,
    WS_SOCKET_BYTES_MAX,
    WS_TRANSPORT_BYTES_MAX,
)
from truebook.ws.frames import Assembler, Violation, pong_frame
from truebook.ws.outbox import Outbox

log = structlog.get_logger()

_CLOSE, _PING, _PONG = WSMsgType.CLOSE.value, WSMsgType.PING.value, WSMsgType.PONG.value
"""Plain numbers, as the frames tell them: comparing members of an enumeration costs a call."""


class Connected(WSListener):
    """picows calls it with what the client does."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._assembler = Assembler()
        self._transport: WSTransport | None = None
        self._outbox: Outbox | None = None
        self._is_ending = False
        self._is_heard = True
        """Whether anything came since the last ping."""
        self._pinged_s = 0.0

    # for the subclass to say

    def joined(self) -> None:
        """The client is connected."""

    def said(self, text: bytes) -> None:
        """A whole message. May raise Violation."""

    def reason_to_leave(self) -> str:
        """Why the client must go; asked every moment."""
        return ""

    def forgotten(self) -> None:
        """Nothing more is heard or sent; may be called more than once."""

    def left(self) -> None:
        """The connection is gone."""

    # for whoever keeps it

    async def until_empty(self) -> None:
        """Wait until all that was sent is under way."""
        if self._outbox is not None:
            await self._outbox.until_empty()

    def end(self, code: WSCloseCode, reason: str) -> None:
        """Close the session: say so, then wait a moment for the client to say so too."""
        if self._is_ending or self._transport is None:
            return
        self._forget()
        self._transport.send_close(code, reason)
        asyncio.get_running_loop().call_later(WS_CLOSING_S_MAX, self.abort)

    def abort(self) -> None:
        """End the session without another word."""
        self._forget()
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    async def end_politely(self, code: WSCloseCode, reason: str) -> None:
        """Close the session once it was sent what waits for it."""
        await self.until_empty()
        self.end(code, reason)

    def look(self, now_s: float) -> None:
        """Called every moment: ping, and see that the client is there and may stay."""
        if self._transport is None or self._is_ending:
            return
        if self._transport.is_close_frame_sent:  # by picows, for a violation that it found
            self._forget()
            asyncio.get_running_loop().call_later(WS_CLOSING_S_MAX, self.abort)
            return
        if now_s - self._pinged_s >= WS_PING_S:
            if not self._is_heard:
                self.end(WSCloseCode.GOING_AWAY, "no sign of life")
                return
            self._pinged_s = now_s
            self._is_heard = False
            self._transport.send_ping()
        if reason := self.reason_to_leave():
            self.end(WSCloseCode.POLICY_VIOLATION, reason)

    # picows.WSListener

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        stream = transport.underlying_transport
        stream.set_write_buffer_limits(high=WS_TRANSPORT_BYTES_MAX)
        connection = stream.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WS_SOCKET_BYTES_MAX)
        self._transport = transport
        self._outbox = Outbox(stream, self._give_up)
        self._pinged_s = asyncio.get_running_loop().time()
        self.joined()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """The client sent a frame."""
        self._is_heard = True
        kind: object = frame.msg_type
        if kind == _CLOSE:
            self._closed_by_client(transport)
        elif not self._is_ending:
            try:
                self._take(frame, kind)
            except Violation as violation:
                self.end(violation.code, violation.reason)
            except Exception:
                log.exception("a frame could not be handled", address=self.address)
                self.end(WSCloseCode.INTERNAL_ERROR, "internal error")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        self._forget()
        self.left()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        if self._outbox is not None:
            self._outbox.pause()

    def resume_writing(self) -> None:
        """The client has read."""
        if self._outbox is not None:
            self._outbox.resume()

    def _take(self, frame: WSFrame, kind: object) -> None:
        if kind == _PING:
            if self._outbox is not None:
                self._outbox.pong(pong_frame(frame.get_payload_as_bytes()))
        elif kind != _PONG:
            text = self._assembler.take(frame)
            if text is not None:
                self.said(text)

    def _answer(self, frame: bytes) -> None:
        if self._outbox is not None and not self._is_ending:
            self._outbox.answer(frame)

    # the end

    def _closed_by_client(self, transport: WSTransport) -> None:
        if not self._is_ending:
            self._forget()
            transport.send_close(WSCloseCode.OK)
            asyncio.get_running_loop().call_later(WS_CLOSING_S_MAX, self.abort)
        transport.disconnect()

    def _give_up(self, reason: str) -> None:
        log.info("a slow reader is closed", address=self.address, reason=reason)
        self.abort()

    def _forget(self) -> None:
        """Hear and send nothing more."""
        self._is_ending = True
        self.forgotten()
        if self._outbox is not None:
            self._outbox.close()
