"""`SubscriptionManager`: who listens to what, and what of the bus the server therefore hears.

Promises: a channel is subscribed to on the bus for its first listener and unsubscribed from after
its last one, whatever comes in between; a message goes to every listener, under the name each of
them subscribed by; a numbered channel's messages come to each in order, without gap or repeat, from
the number on that it asks for, or its session is closed.

Why the bus side is right: for each channel one task makes what is so into what is wanted, one step
at a time, and looks again after each step. So a listener who comes while the last one's leaving is
under way finds the channel subscribed to again, and no two commands cross.

Messages that the bus hands over together are put into frames together: every listener is sent one
piece a stream.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog
from picows import WSCloseCode

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.interface import Bus
from truebook.figures import Latency
from truebook.limits import WS_HELD_BYTES_MAX, WS_TRANSPORT_BYTES_MAX
from truebook.ws.interface import Backlog, Channel
from truebook.ws.numbering import Numbering, missed_after
from truebook.ws.streams import Stream
from truebook.ws.tasks import Tasks

log = structlog.get_logger()


class Listener(Protocol):
    """A session, as far as it listens."""

    def send(self, stream: Stream, messages: Sequence[bytes], frames: bytes) -> None:
        """Be given messages of a stream; `frames` are all their frames in one piece."""

    async def until_empty(self) -> None:
        """Wait until all that was sent is under way."""

    def end(self, code: WSCloseCode, reason: str) -> None:
        """Close the session."""


class Subscription:
    """One listener's of one stream; made by `SubscriptionManager.subscribe`."""

    def __init__(
        self, listener: Listener, stream: Stream, channel: Channel, after: int | None
    ) -> None:
        self.listener = listener
        self.stream = stream
        self.channel = channel
        self.is_over = False
        """Whether the listener wants no more of it."""
        self._after = after
        self._number = 0
        self._held: list[tuple[int, bytes]] | None = None if after is None else []
        self._held_bytes = 0

    def deliver(self, number: int, text: bytes) -> None:
        """Take the next message of a numbered channel."""
        if self._held is None:
            if number > self._number:
                self._number = number
                self._send(text)
            return
        self._held.append((number, text))
        self._held_bytes += len(text)
        if self._held_bytes > WS_HELD_BYTES_MAX:
            self.listener.end(WSCloseCode.TRY_AGAIN_LATER, "too much came meanwhile")

    async def catch_up(self, backlog: Backlog, known_number: int) -> None:
        """Send what the listener missed, as fast as it reads, and go on with what has come since.
        Raises Unavailable."""
        if self._held is None or self._after is None or self.is_over:
            return
        self._number, is_all = self._after, False
        at_least = max(known_number, self._after)
        while not (is_all or self.is_over):
            missed = await missed_after(backlog, self.channel.name, self._number, at_least)
            self._number, is_all = missed.number, missed.is_all
            await self._send_all(missed.messages)
            if not is_all:
                await self.listener.until_empty()
        while self._held:
            held, self._held, self._held_bytes = self._held, [], 0
            await self._send_all([text for number, text in held if number > self._number])
            self._number = max(self._number, held[-1][0])
        self._held = None

    async def _send_all(self, texts: Sequence[bytes]) -> None:
        size = 0
        for text in texts:
            self._send(text)
            size += len(text)
            if size > WS_TRANSPORT_BYTES_MAX:
                await self.listener.until_empty()
                size = 0

    def _send(self, text: bytes) -> None:
        if not self.is_over and (self.stream.wants is None or self.stream.wants(text)):
            self.listener.send(self.stream, (text,), self.stream.frame(text))


class _Topic:
    """A channel of the bus that somebody listens to, or did a moment ago."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.subscriptions: dict[Stream, dict[Listener, Subscription]] = {}
        self.streams: dict[str, Stream] = {}
        self.numbering: Numbering | None = None
        self.is_heard = asyncio.Event()
        self.is_settling = False

    def release(self) -> None:
        """Let go of who still waits for what they no longer want."""
        self.is_heard.set()
        if self.numbering is not None:
            self.numbering.known.set()

    def all(self) -> list[Subscription]:
        """Every subscription."""
        return [one for group in self.subscriptions.values() for one in group.values()]


class SubscriptionManager:
    """One for a server."""

    def __init__(self, bus: Bus, backlog: Backlog, tasks: Tasks) -> None:
        self._bus = bus
        self._backlog = backlog
        self._topics: dict[str, _Topic] = {}
        self._tasks = tasks
        self._touched: list[tuple[_Topic, Stream]] = []
        self.sent_messages = 0
        """Of streams without numbers: to how many listeners, each."""
        self.fan_out_times = Latency()
        """What it took to give everybody what had come."""
        bus.on_reconnect(self._reconnected)

    @property
    def channels(self) -> list[str]:
        """What is subscribed to on the bus, or is about to be or to be no more."""
        return list(self._topics)

    def subscribe(
        self, listener: Listener, name: str, channel: Channel, after: int | None = None
    ) -> Subscription:
        """Let a listener hear a channel as the stream `name`, from now on; see `complete`."""
        if not channel.name:
            return Subscription(listener, Stream(name, channel), channel, None)
        topic = self._topics.get(channel.name)
        if topic is None:
            topic = self._topics[channel.name] = self._new_topic(channel)
        stream = topic.streams.get(name)
        if stream is None:
            stream = topic.streams[name] = Stream(name, channel)
            topic.subscriptions[stream] = {}
        after = after if channel.is_numbered else None
        subscription = Subscription(listener, stream, channel, after)
        topic.subscriptions[stream][listener] = subscription
        if topic.numbering is not None and topic.is_heard.is_set():
            topic.numbering.begin()
        self._settle(topic)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Let the listener hear no more of it, from now on."""
        subscription.is_over = True
        stream = subscription.stream
        topic = self._topics.get(subscription.channel.name)
        if topic is None or topic.streams.get(stream.name) is not stream:
            return
        group = topic.subscriptions[stream]
        if group.get(subscription.listener) is subscription:
            del group[subscription.listener]
        if not group:
            del topic.subscriptions[stream]
            del topic.streams[stream.name]
        self._settle(topic)

    async def complete(self, subscription: Subscription) -> None:
        """Return when nothing of the stream can escape the listener any more and it was sent what
        it missed. Raises Unavailable."""
        topic = self._topics.get(subscription.channel.name)
        if topic is None:
            return
        await topic.is_heard.wait()
        if topic.numbering is not None:
            await topic.numbering.known.wait()
            await subscription.catch_up(self._backlog, topic.numbering.number or 0)
        if subscription.channel.is_announced:
            await missed_after(self._backlog, topic.name, None, 0)

    # the bus side

    def _new_topic(self, channel: Channel) -> _Topic:
        topic = _Topic(channel.name)

        def deliver(number: int, text: bytes) -> None:
            for subscription in topic.all():
                subscription.deliver(number, text)

        def fail(reason: str) -> None:
            log.warning("updates can't be had", channel=topic.name, reason=reason)
            for subscription in topic.all():
                subscription.listener.end(WSCloseCode.TRY_AGAIN_LATER, "updates can't be had")

        if channel.is_numbered:
            topic.numbering = Numbering(channel.name, self._backlog, deliver, fail, self._tasks)
        return topic

    def _settle(self, topic: _Topic) -> None:
        """Have the bus side brought into line with who listens."""
        if not topic.is_settling and bool(topic.subscriptions) is not topic.is_heard.is_set():
            topic.is_settling = True
            self._tasks.start(self._settled(topic))

    async def _settled(self, topic: _Topic) -> None:
        def receive(message: bytes) -> None:
            self._receive(topic, message)

        while bool(topic.subscriptions) is not topic.is_heard.is_set():
            if topic.subscriptions:
                await self._bus.subscribe(topic.name, receive)
                topic.is_heard.set()
                if topic.numbering is not None:
                    topic.numbering.check()
            else:
                topic.is_heard.clear()
                if topic.numbering is not None:
                    topic.numbering.reset()
                await self._bus.unsubscribe(topic.name)
        topic.is_settling = False
        if not topic.subscriptions:
            del self._topics[topic.name]
            topic.release()

    def _reconnected(self) -> None:
        for topic in self._topics.values():
            if topic.numbering is not None and topic.is_heard.is_set():
                topic.numbering.check()

    # messages

    def _receive(self, topic: _Topic, message: bytes) -> None:
        if topic.numbering is not None:
            if topic.is_heard.is_set():
                topic.numbering.receive(message)
            return
        for stream in topic.subscriptions:
            if stream.wants is None or stream.wants(message):
                if not self._touched:
                    asyncio.get_running_loop().call_soon(self._distribute)
                if not stream.arrived:
                    self._touched.append((topic, stream))
                stream.arrived.append(message)

    def _distribute(self) -> None:
        """Send what has come since the last time."""
        began_s = SYSTEM_CLOCK.elapsed_s()
        touched, self._touched = self._touched, []
        for topic, stream in touched:
            messages, stream.arrived = stream.arrived, []
            frames = b"".join([stream.frame(message) for message in messages])
            listeners = list(topic.subscriptions.get(stream, ()))
            for listener in listeners:
                listener.send(stream, messages, frames)
            self.sent_messages += len(messages) * len(listeners)
            stream.forget()
        self.fan_out_times.add(SYSTEM_CLOCK.elapsed_s() - began_s)
