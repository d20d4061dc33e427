"""Readers of the streams that keep what they are told by the rules that a client has.

A `BookKeeper` keeps a book from REST snapshots and depth updates (contract A7): it takes a snapshot
again only where its own rule tells it to. An `UpdateKeeper` keeps an account's updates by number
and asks, after each connection, for what came after its last.

Connections that break are made again; a message that breaks a promise fails the test.
"""

import asyncio
import base64
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from nacl.signing import SigningKey
from venue.credentials import Credentials

AGAIN_S = 0.05
SILENCE_S_MAX = 3.0
"""A depth stream that is listened to has an update every 250 ms; after this a client connects
anew."""


class Stopped(Exception):
    """The watchers were told to stop."""


@dataclass
class Streams:
    """Where the streams are, which changes when an exchange is started anew."""

    url: str
    ws_url: str


@asynccontextmanager
async def subscribed(
    session: aiohttp.ClientSession, streams: Streams, request: dict[str, Any]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection that has sent one SUBSCRIBE."""
    async with session.ws_connect(streams.ws_url, autoping=True) as socket:
        await socket.send_json({"method": "SUBSCRIBE", **request})
        yield socket


async def frames(socket: aiohttp.ClientWebSocketResponse, silence_s: float) -> AsyncIterator[Any]:
    """The `data` of each frame, until the connection ends or falls silent."""
    while True:
        try:
            frame = await socket.receive(timeout=silence_s)
        except TimeoutError:
            return
        if frame.type is not aiohttp.WSMsgType.TEXT:
            return
        message = json.loads(frame.data)
        assert "error" not in message, message
        if "data" in message:
            yield message["data"]


@dataclass
class BookKeeper:
    """A market's book as a client keeps it."""

    symbol: str
    bids: dict[str, str] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)
    update_id: int = 0
    updates: int = 0
    snapshots: int = 0
    connections: int = 0

    async def watch(self, session: aiohttp.ClientSession, streams: Streams) -> None:
        """Keep the book for ever."""
        while True:
            self.connections += 1
            try:
                request = {"params": [f"depth.{self.symbol}"]}
                async with subscribed(session, streams, request) as socket:
                    await self._follow(session, streams, socket)
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(AGAIN_S)

    async def _follow(
        self,
        session: aiohttp.ClientSession,
        streams: Streams,
        socket: aiohttp.ClientWebSocketResponse,
    ) -> None:
        chained_to: int | None = None
        """The last update's `u`; None: the next update may begin before the snapshot's end."""
        await self._snapshot(session, streams)
        async for update in frames(socket, SILENCE_S_MAX):
            assert update["U"] <= update["u"], update
            if chained_to is not None and update["U"] != chained_to + 1:
                assert update["U"] > chained_to, (chained_to, update)
                await self._snapshot(session, streams)
            while self.update_id < update["U"] - 1:
                await self._snapshot(session, streams)
            chained_to = update["u"]
            if update["u"] > self.update_id:
                self._apply(update)

    async def _snapshot(self, session: aiohttp.ClientSession, streams: Streams) -> None:
        while True:
            async with session.get(f"{streams.url}/api/v1/depth?symbol={self.symbol}") as response:
                if response.status == 200:
                    snapshot = json.loads(await response.read())
                    break
                assert response.status in (503, 504), await response.text()
            await asyncio.sleep(AGAIN_S)
        self.bids, self.asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        self.update_id = int(snapshot["lastUpdateId"])
        self.snapshots += 1

    def _apply(self, update: dict[str, Any]) -> None:
        for levels, changes in ((self.bids, update["b"]), (self.asks, update["a"])):
            for price, quantity in changes:
                if float(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
        self.update_id = update["u"]
        self.updates += 1


@dataclass
class UpdateKeeper:
    """An account's order updates, by number."""

    credentials: Credentials
    seen: dict[int, dict[str, Any]] = field(default_factory=dict)
    last: int = 0
    connections: int = 0

    async def watch(self, session: aiohttp.ClientSession, streams: Streams) -> None:
        """Keep the updates for ever, from the account's first."""
        while True:
            self.connections += 1
            try:
                async with subscribed(session, streams, self._request()) as socket:
                    async for update in frames(socket, silence_s=60):
                        self._note(update)
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(AGAIN_S)

    def _request(self) -> dict[str, Any]:
        timestamp = time.time_ns() // 1_000_000
        text = f"instruction=subscribe&timestamp={timestamp}&window=60000"
        signature = SigningKey(self.credentials.seed).sign(text.encode()).signature
        signed = [self.credentials.api_key, base64.b64encode(signature).decode()]
        return {
            "params": ["account.orderUpdate"],
            "signature": [*signed, str(timestamp), "60000"],
            "after": self.last,
        }

    def _note(self, update: dict[str, Any]) -> None:
        assert update["seq"] == self.last + 1, (self.last, update)
        self.last += 1
        self.seen[self.last] = update


@contextmanager
def watching(streams: Streams, keepers: list[BookKeeper | UpdateKeeper]) -> Iterator[None]:
    """Let keepers watch in the background for as long as the context lasts."""
    errors, loop, stop = list[BaseException](), asyncio.new_event_loop(), asyncio.Event()

    async def until_stopped() -> None:
        await stop.wait()
        raise Stopped

    async def run() -> None:
        try:
            async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
                group.create_task(until_stopped())
                for keeper in keepers:
                    group.create_task(keeper.watch(session, streams))
        except* Stopped:
            pass

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work, name="watchers")
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself, of an error
            loop.call_soon_threadsafe(stop.set)
        thread.join()
        if errors:
            raise errors[0]
