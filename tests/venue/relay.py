"""A port in front of several servers: each new connection goes to the next one that takes it."""

import asyncio
import contextlib
import itertools
import threading


class Relay:
    """Works in a thread of its own until it is closed."""

    def __init__(self) -> None:
        self._targets: list[tuple[str, int]] = []
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self._thread = threading.Thread(target=self._run, name="relay")
        self._thread.start()
        self._ready.wait()

    def add(self, host: str, port: int) -> None:
        """A further server."""
        self._targets.append((host, port))

    def close(self) -> None:
        """End, with all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        async with server:
            self.port = server.sockets[0].getsockname()[1]
            self._ready.set()
            await self._stop.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)  # for the transports to close while there is a loop

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """asyncio keeps no hold of a connection's task; lost, it would end in the middle."""
        task = asyncio.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected = await self._connect()
        if connected is None:
            writer.transport.abort()
            return
        to_reader, to_writer = connected
        try:
            await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))
        finally:
            for end in (writer, to_writer):
                end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """To the server whose turn it is, or one after it; None: to none."""
        for _ in self._targets:
            target = self._targets[next(self._turn) % len(self._targets)]
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(*target)
        return None


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
