"""kill -9 of the log's server and of the bus's under load: nothing acknowledged is lost."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from crash.appending import Diary, all_entries
from faults.applied import applied_orders

from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import BusUnavailable
from truebook.commandlog.server import Server, start_bus_server, start_log_server
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_publisher import ValkeySubscription

GATEWAYS, WORKERS, KILLS = 2, 8, 5


def kill(server: Server) -> None:
    os.kill(server.pid, signal.SIGKILL)
    server.stop()


async def restarted(server: Server, data: Path) -> Server:
    kill(server)
    await asyncio.sleep(0.05)
    server = await asyncio.to_thread(start_log_server, data)
    await asyncio.to_thread(server.wait_ready)
    return server


async def load_and_kill(server: Server, data: Path, diary: Diary) -> Server:
    gateways = [await Gateway.start(ValkeyLog(server.url)) for _ in range(GATEWAYS)]
    clients = [
        asyncio.create_task(diary.trade(gateway)) for gateway in gateways for _ in range(WORKERS)
    ]
    for _ in range(KILLS):
        before = len(diary.acknowledged)
        for _ in range(2000):
            await asyncio.sleep(0.005)
            if len(diary.acknowledged) > before + 50:
                break
        server = await restarted(server, data)
    diary.is_over = True
    await asyncio.gather(*clients)
    for gateway in gateways:
        await gateway.close()
    return server


def test_kill_9_of_the_log_loses_nothing_acknowledged_repeats_nothing_and_keeps_order(tmp_path):
    diary = Diary()
    server = start_log_server(tmp_path)
    try:
        server.wait_ready()
        server = asyncio.run(load_and_kill(server, tmp_path, diary))
        entries = all_entries(server.url)
    finally:
        server.stop()
    orders = applied_orders(entries)
    in_log = [number for numbers in orders.values() for number in numbers]
    assert len(orders) == GATEWAYS
    assert len(in_log) == len(set(in_log))
    assert set(in_log) == set(diary.acknowledged)
    assert not diary.refused & set(in_log)
    assert len(in_log) > KILLS * 50
    for numbers in orders.values():
        told = [diary.acknowledged[number] for number in numbers]
        assert told == sorted(told)


def test_kill_9_of_the_bus_ends_no_subscription(tmp_path):
    async def until_heard(bus: ValkeyBus, text: bytes, *ears: list[bytes]) -> None:
        for _ in range(1000):
            with contextlib.suppress(BusUnavailable):
                await bus.publish("a", text)
            blocking_ear.extend(blocking.receive())
            await asyncio.sleep(0.01)
            if all(text in ear for ear in ears):
                return
        raise AssertionError(f"{text!r} was not heard: {ears}")

    async def scenario(server: Server) -> None:
        bus = ValkeyBus(server.url)
        heard: list[bytes] = []
        reconnected: list[bool] = []
        bus.on_reconnect(lambda: reconnected.append(True))
        await bus.subscribe("a", heard.append)
        await until_heard(bus, b"before", heard, blocking_ear)
        assert not reconnected
        kill(server)
        blocking.receive()
        servers.append(start_bus_server(tmp_path))
        await asyncio.to_thread(servers[-1].wait_ready)
        await until_heard(bus, b"after", heard, blocking_ear)
        assert reconnected == [True]
        await bus.close()

    servers = [start_bus_server(tmp_path)]
    servers[0].wait_ready()
    blocking, blocking_ear = ValkeySubscription(servers[0].url, "a"), []
    try:
        asyncio.run(scenario(servers[0]))
    finally:
        blocking.close()
        for server in servers:
            server.stop()
