"""A session: one connected client, from its handshake to its end.

Promise: whatever a client sends is answered, or ends its session with the close code that fits; it
never disturbs another session or the server. What a client is sent goes through its outbox.
"""

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from typing import Protocol

import structlog
from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from truebook.limits import (
    WS_CLOSING_S_MAX,
    WS_PING_S,
    WS_REQUESTS_PENDING_MAX,
    WS_SOCKET_BYTES_MAX,
    WS_SUBSCRIPTIONS_MAX,
    WS_TRANSPORT_BYTES_MAX,
)
from truebook.ws.frames import Assembler, Violation, pong_frame
from truebook.ws.interface import Guest, Refused, Unavailable
from truebook.ws.outbox import Outbox
from truebook.ws.protocol import (
    ErrorCode,
    InvalidRequest,
    Request,
    done_frame,
    error_frame,
    read_request,
)
from truebook.ws.streams import Stream
from truebook.ws.subscriptions import Subscription, SubscriptionManager

log = structlog.get_logger()


class Keeper(Protocol):
    """Who keeps the sessions."""

    def joined(self, session: "Session") -> None:
        """The session is open."""

    def left(self, session: "Session") -> None:
        """The session has ended."""


class Session(WSListener):
    """picows calls it with what the client does."""

    def __init__(
        self, keeper: Keeper, subscriptions: SubscriptionManager, guest: Guest, address: str
    ) -> None:
        self.address = address
        self._keeper = keeper
        self._subscription_manager = subscriptions
        self._guest = guest
        self._early: list[bytes] | None = None
        """Messages that came before it is known who came."""
        self._assembler = Assembler()
        self._subscriptions: dict[str, Subscription] = {}
        self._requests: set[asyncio.Task[None]] = set()
        self._transport: WSTransport | None = None
        self._outbox: Outbox | None = None
        self._is_ending = False
        self._heard_s = 0.0
        self._pinged_s = 0.0

    @property
    def outbox_bytes(self) -> int:
        """What waits for the client to read."""
        return 0 if self._outbox is None else self._outbox.bytes

    # subscriptions.Listener

    def send(self, stream: Stream, messages: Sequence[bytes], frames: bytes) -> None:
        """Give the client messages of a stream."""
        if self._is_ending or self._outbox is None:
            return
        try:
            self._outbox.send(stream, messages, frames)
        except Exception:
            log.exception("a session can't be sent to", address=self.address)
            self.end(WSCloseCode.INTERNAL_ERROR, "internal error")

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
        """Called every moment: ping, and see that the client is there and may hear what it does."""
        if self._transport is None or self._is_ending:
            return
        if self._transport.is_close_frame_sent:  # by picows, for a violation that it found
            self._forget()
            asyncio.get_running_loop().call_later(WS_CLOSING_S_MAX, self.abort)
            return
        if now_s - self._pinged_s >= WS_PING_S:
            if self._heard_s < self._pinged_s:
                self.end(WSCloseCode.GOING_AWAY, "no sign of life")
                return
            self._pinged_s = now_s
            self._transport.send_ping()
        if reason := self._guest.reason_to_leave():
            self.end(WSCloseCode.POLICY_VIOLATION, reason)
            return
        for name, subscription in list(self._subscriptions.items()):
            is_allowed = subscription.channel.is_allowed
            if is_allowed is not None and not is_allowed():
                self._drop(name)
                self._answer(error_frame(ErrorCode.UNAUTHORIZED, f"{name}: no longer authorised"))

    # picows.WSListener

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The handshake is done."""
        stream = transport.underlying_transport
        stream.set_write_buffer_limits(high=WS_TRANSPORT_BYTES_MAX)
        connection = stream.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, WS_SOCKET_BYTES_MAX)
        self._transport = transport
        self._outbox = Outbox(stream, self._give_up)
        self._heard_s = self._pinged_s = asyncio.get_running_loop().time()
        self._keeper.joined(self)
        if (arriving := self._guest.arriving()) is not None:
            self._early = []
            self._start(self._arrive(arriving))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """The client sent a frame."""
        self._heard_s = asyncio.get_running_loop().time()
        if frame.msg_type == WSMsgType.CLOSE:
            self._closed_by_client(transport)
        elif not self._is_ending:
            try:
                self._take(frame)
            except Violation as violation:
                self.end(violation.code, violation.reason)
            except Exception:
                log.exception("a frame could not be handled", address=self.address)
                self.end(WSCloseCode.INTERNAL_ERROR, "internal error")

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The connection is gone."""
        self._forget()
        self._keeper.left(self)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is written to."""
        if self._outbox is not None:
            self._outbox.pause()

    def resume_writing(self) -> None:
        """The client has read."""
        if self._outbox is not None:
            self._outbox.resume()

    # what a client says

    def _take(self, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.PING:
            if self._outbox is not None:
                self._outbox.pong(pong_frame(frame.get_payload_as_bytes()))
        elif frame.msg_type != WSMsgType.PONG:
            text = self._assembler.take(frame)
            if text is None:
                return
            if self._early is None:
                self._handle(text)
            elif len(self._early) < WS_REQUESTS_PENDING_MAX:
                self._early.append(text)
            else:
                raise Violation(WSCloseCode.TRY_AGAIN_LATER, "too many requests wait")

    async def _arrive(self, arriving: Coroutine[None, None, None]) -> None:
        """Find out who came, then look at what they have said meanwhile."""
        try:
            await arriving
        except Exception:
            log.exception("who came could not be found out", address=self.address)
            self.end(WSCloseCode.INTERNAL_ERROR, "internal error")
            return
        early, self._early = self._early or [], None
        for text in early:
            if not self._is_ending:
                self._handle(text)

    def _handle(self, text: bytes) -> None:
        request_id = None
        try:
            request = read_request(text)
            request_id = request.id
            if request.method == "UNSUBSCRIBE":
                self._unsubscribe(request)
            else:
                self._subscribe(request)
        except InvalidRequest as error:
            self._answer(error_frame(error.code, error.message, error.id))
        except Refused as error:
            self._answer(error_frame(error.code, error.message, request_id))

    def _unsubscribe(self, request: Request) -> None:
        for name in request.streams:
            self._drop(name, was_asked=True)
        if request.id is not None:
            self._answer(done_frame(request.id))

    def _subscribe(self, request: Request) -> None:
        """Raises Refused, with nothing changed."""
        if len(self._requests) >= WS_REQUESTS_PENDING_MAX:
            raise Refused(ErrorCode.TOO_MANY, "too many requests wait for their answers")
        new = [name for name in request.streams if name not in self._subscriptions]
        if len(self._subscriptions) + len(new) > WS_SUBSCRIPTIONS_MAX:
            reason = f"at most {WS_SUBSCRIPTIONS_MAX} subscriptions a connection"
            raise Refused(ErrorCode.TOO_MANY, reason)
        channels = self._guest.channels_of(request.streams, request.signature)
        for name, channel in zip(request.streams, channels, strict=True):
            if name in self._subscriptions and not channel.is_numbered:
                continue
            self._drop(name)
            subscribe = self._subscription_manager.subscribe
            self._subscriptions[name] = subscribe(self, name, channel, request.after)
        asked_for = {name: self._subscriptions[name] for name in request.streams}
        self._start(self._complete(request.id, asked_for, set(new)))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._requests.add(task)
        task.add_done_callback(self._requests.discard)

    async def _complete(
        self, request_id: str | None, asked_for: dict[str, Subscription], new: set[str]
    ) -> None:
        """Wait until nothing can escape the client any more, then answer."""
        try:
            for name, subscription in asked_for.items():
                await self._subscription_manager.complete(subscription)
                presence = subscription.channel.presence
                if presence is not None and name in new:
                    await presence.began()
        except Unavailable as error:
            log.warning("streams can't be had", reason=str(error))
            for name, subscription in asked_for.items():
                if self._subscriptions.get(name) is subscription:
                    self._drop(name)
            self._answer(error_frame(ErrorCode.NOT_AVAILABLE, error.told, request_id))
            return
        except Exception:
            log.exception("a request could not be carried out", address=self.address)
            self.end(WSCloseCode.INTERNAL_ERROR, "internal error")
            return
        if request_id is not None:
            self._answer(done_frame(request_id))

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

    def _drop(self, name: str, *, was_asked: bool = False) -> None:
        subscription = self._subscriptions.pop(name, None)
        if subscription is None:
            return
        self._subscription_manager.unsubscribe(subscription)
        if subscription.channel.presence is not None:
            subscription.channel.presence.ended(was_asked=was_asked)

    def _forget(self) -> None:
        """Hear and send nothing more."""
        self._is_ending = True
        for name in list(self._subscriptions):
            self._drop(name)
        for task in list(self._requests):
            if task is not asyncio.current_task():
                task.cancel()
        if self._outbox is not None:
            self._outbox.close()
