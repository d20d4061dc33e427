"""The server as a process: a socket that is handed down, its end by a signal, its end by a bug."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from rooms.client import Server

from truebook.commandlog.memory import MemoryBusServer
from truebook.commandlog.valkey_bus import ValkeyBus

ROOT = Path(__file__).parents[3]
DONE = {"id": 1, "result": None}


@contextmanager
def rooms_process(url):
    """A process that serves the rooms, and its port."""
    bound = socket.create_server(("127.0.0.1", 0))
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    process = subprocess.Popen(
        [sys.executable, "-m", "rooms", url, str(bound.fileno())],
        pass_fds=[bound.fileno()],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process, bound.getsockname()[1]
    finally:
        process.kill()
        process.communicate()
        bound.close()


def with_process(bus_server, test):
    with rooms_process(bus_server.url) as (process, port):

        async def run():
            server = Server(None, MemoryBusServer(), None, port)
            bus = ValkeyBus(bus_server.url)
            try:
                await test(server, bus, process)
            finally:
                await server.close_clients()
                await bus.close()

        asyncio.run(run())
        return process.wait(20), process.stdout.read().decode()


def test_sigterm_says_goodbye_to_all_and_ends_with_success(bus_server):
    async def test(server, bus, process):
        clients = [await server.subscriber("talk.a") for _ in range(5)]
        assert await bus.publish("talk.a", b"1") == 1
        for client in clients:
            assert await client.hear_json() == {"stream": "talk.a", "data": 1}
        process.send_signal(signal.SIGTERM)
        for client in clients:
            assert (await client.hear()).code == 1001
            await client.hear_end()

    status, said = with_process(bus_server, test)
    assert (status, "Traceback" in said) == (0, False), said


def test_sigterm_ends_a_server_whose_clients_do_not_listen(bus_server):
    async def test(server, bus, process):
        client = await server.client(receive_bytes=4096)
        await client.ask("SUBSCRIBE", "talk.a")
        for _ in range(100):
            await bus.publish("talk.a", b'"%b"' % (b"x" * 9_000))
        process.send_signal(signal.SIGTERM)

    assert with_process(bus_server, test)[0] == 0


def test_a_bug_in_the_servers_own_work_ends_it_loudly(bus_server):
    async def test(server, bus, process):
        client = await server.client()
        await client.say("SUBSCRIBE", "talk.bug")
        assert (await client.hear()).code == 1001

    status, said = with_process(bus_server, test)
    assert status != 0
    assert "a bug in our own work" in said
