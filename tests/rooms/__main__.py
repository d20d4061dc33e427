"""The rooms as a process, on a real bus: `python -m rooms URL DESCRIPTOR`."""

import contextlib
import socket
import sys

from rooms.application import Rooms

from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.ws.serve import Served, serve


class BrokenBus(ValkeyBus):
    """With a bug that one channel shows."""

    async def subscribe(self, channel, receive):
        if channel == "talk.bug":
            raise RuntimeError("a bug in our own work")
        await super().subscribe(channel, receive)


@contextlib.asynccontextmanager
async def connect():
    bus, rooms = BrokenBus(sys.argv[1]), Rooms()
    yield Served(bus, rooms, rooms)
    await bus.close()


serve(connect, socket.socket(fileno=int(sys.argv[2])))
