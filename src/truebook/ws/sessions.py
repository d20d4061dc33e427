"""A session: one connected client, from its handshake to its end.

Promise: whatever a client sends is answered, or ends its session with the close code that fits
(connected.py); it never disturbs another session or the server.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Protocol

import structlog
from picows import WSCloseCode

from truebook.limits import (
    WS_REQUESTS_PENDING_MAX,
    WS_SUBSCRIPTIONS_MAX,
)
from truebook.ws.connected import Connected
from truebook.ws.frames import Violation
from truebook.ws.interface import Guest, Refused, Unavailable
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


class Session(Connected):
    """One client of the streams."""

    def __init__(
        self, keeper: Keeper, subscriptions: SubscriptionManager, guest: Guest, address: str
    ) -> None:
        super().__init__(address)
        self._keeper = keeper
        self._subscription_manager = subscriptions
        self._guest = guest
        self._early: list[bytes] | None = None
        """Messages that came before it is known who came."""
        self._subscriptions: dict[str, Subscription] = {}
        self._requests: set[asyncio.Task[None]] = set()

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

    def look(self, now_s: float) -> None:
        """Called every moment: ping, and see that the client is there and may hear what it does."""
        super().look(now_s)
        if self._is_ending:
            return
        for name, subscription in list(self._subscriptions.items()):
            is_allowed = subscription.channel.is_allowed
            if is_allowed is not None and not is_allowed():
                self._drop(name)
                self._answer(error_frame(ErrorCode.UNAUTHORIZED, f"{name}: no longer authorised"))

    # Connected

    def joined(self) -> None:
        """The client is connected."""
        self._keeper.joined(self)
        if (arriving := self._guest.arriving()) is not None:
            self._early = []
            self._start(self._arrive(arriving))

    def said(self, text: bytes) -> None:
        """A whole message; raises Violation where too many wait."""
        if self._early is None:
            self._handle(text)
        elif len(self._early) < WS_REQUESTS_PENDING_MAX:
            self._early.append(text)
        else:
            raise Violation(WSCloseCode.TRY_AGAIN_LATER, "too many requests wait")

    def reason_to_leave(self) -> str:
        """What the guide says."""
        return self._guest.reason_to_leave()

    def forgotten(self) -> None:
        """Give up all subscriptions, and what is being carried out."""
        for name in list(self._subscriptions):
            self._drop(name)
        for task in list(self._requests):
            if task is not asyncio.current_task():
                task.cancel()

    def left(self) -> None:
        """The connection is gone."""
        self._keeper.left(self)

    # what a client says

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

    # the end

    def _drop(self, name: str, *, was_asked: bool = False) -> None:
        subscription = self._subscriptions.pop(name, None)
        if subscription is None:
            return
        self._subscription_manager.unsubscribe(subscription)
        if subscription.channel.presence is not None:
            subscription.channel.presence.ended(was_asked=was_asked)
