"""A websocket client that can do everything wrong, and a server for it to talk to."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncGenerator
from typing import Any, NamedTuple

from rooms.application import Rooms

from truebook.commandlog.memory import MemoryBus, MemoryBusServer
from truebook.ws.proxies import Proxies
from truebook.ws.serve import Door, Served, serving
from truebook.ws.users import UserManager

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
WAIT_S_MAX = 20.0


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    length: bytes | None = None,
) -> bytes:
    """A frame, right unless it is asked to be wrong."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    size = len(payload)
    if length is None:
        if size < 126:
            length = bytes([size])
        elif size < 1 << 16:
            length = b"\x7e" + struct.pack("!H", size)
        else:
            length = b"\x7f" + struct.pack("!Q", size)
    if not masked:
        return bytes([first]) + length + payload
    mask = os.urandom(4)
    repeated = (mask * (size // 4 + 1))[:size]
    hidden = (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)
    return bytes([first, length[0] | 0x80]) + length[1:] + mask + hidden


class Heard(NamedTuple):
    """A frame from the server."""

    opcode: int
    payload: bytes

    @property
    def json(self) -> Any:
        assert self.opcode == TEXT, self
        return json.loads(self.payload)

    @property
    def code(self) -> int:
        """Of a Close."""
        assert self.opcode == CLOSE, self
        return struct.unpack("!H", self.payload[:2])[0]


class Client:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, method: str, *params: str, **fields: Any) -> None:
        """Send a request."""
        await self.send(frame(json.dumps({"method": method, "params": params, **fields}).encode()))

    async def ask(self, method: str, *params: str, **fields: Any) -> Any:
        """Send a request with an id; what comes next."""
        await self.say(method, *params, id=1, **fields)
        return (await self.hear()).json

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self) -> Heard:
        """The next frame; a ping is answered on the way, and a Close."""
        async with asyncio.timeout(WAIT_S_MAX):
            while True:
                first, second = await self.reader.readexactly(2)
                assert first & 0xF0 == 0x80, "the server sends whole frames"
                assert second < 128, "the server doesn't mask"
                size = second
                if second == 126:
                    (size,) = struct.unpack("!H", await self.reader.readexactly(2))
                elif second == 127:
                    (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
                heard = Heard(first & 15, await self.reader.readexactly(size))
                if heard.opcode == PING:
                    await self.send(frame(heard.payload, PONG))
                    continue
                if heard.opcode == CLOSE:
                    with contextlib.suppress(OSError, RuntimeError):  # half-closed by us
                        await self.send(frame(heard.payload[:2], CLOSE))
                return heard

    async def hear_json(self) -> Any:
        """The next frame's JSON."""
        return (await self.hear()).json

    async def hear_end(self) -> None:
        """Wait until the server has cut the connection."""
        async with asyncio.timeout(WAIT_S_MAX):
            with contextlib.suppress(OSError):
                while await self.reader.read(1 << 16):
                    pass

    async def close(self) -> None:
        """Cut the connection."""
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


async def handshake(
    client: Client,
    headers: str = "",
    *,
    path: str = "/",
    connection: str = "Upgrade",
    host: str = "here",
) -> int:
    """Ask for a session; the status of the answer."""
    key = base64.b64encode(os.urandom(16)).decode()
    await client.send(
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        f"Connection: {connection}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n{headers}\r\n".encode()
    )
    async with asyncio.timeout(WAIT_S_MAX):
        head = await client.reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1])


class Server:
    """The rooms on a free port, their bus, and clients."""

    def __init__(self, users: UserManager, bus: MemoryBusServer, rooms: Rooms, port: int) -> None:
        self.users = users
        self.bus = bus
        self.rooms = rooms
        self.port = port
        self._clients: list[Client] = []

    async def handshake(
        self,
        path: str = "/",
        connection: str = "Upgrade",
        receive_bytes: int = 0,
        headers: str = "",
    ) -> tuple[int, Client]:
        """Ask for a session; the status of the answer."""
        plain = socket.socket()
        if receive_bytes:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=plain)
        client = Client(reader, writer)
        self._clients.append(client)
        return await handshake(client, headers, path=path, connection=connection), client

    async def client(self, **options: Any) -> Client:
        """A session."""
        status, client = await self.handshake(**options)
        assert status == 101
        return client

    async def subscriber(self, *streams: str, **fields: Any) -> Client:
        """A session that hears these."""
        client = await self.client()
        assert await client.ask("SUBSCRIBE", *streams, **fields) == {"id": 1, "result": None}
        return client

    async def publish(self, channel: str, *texts: bytes) -> None:
        """Send messages of an ordinary channel."""
        for text in texts:
            self.bus.publish(channel, text)
        await asyncio.sleep(0)

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.close()


async def until(condition) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(WAIT_S_MAX):
        while not condition():  # noqa: ASYNC110, whatever it is, it has no event
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def served_rooms(
    connections_per_address: int = 64, proxies: str = ""
) -> AsyncGenerator[Server, None]:
    """Serve the rooms."""
    bus_server, rooms = MemoryBusServer(), Rooms()
    bound = socket.create_server(("127.0.0.1", 0))
    served = Served(MemoryBus(bus_server), rooms, rooms)
    door = Door(connections_per_address, Proxies(proxies))
    async with serving(served, bound, door) as (users, _):
        server = Server(users, bus_server, rooms, bound.getsockname()[1])
        try:
            yield server
        finally:
            await server.close_clients()
