"""A log server of docs/servers.md is killed: what stands in its file is there again."""

import asyncio

import pytest
from crash.appending import order
from venue.redis_server import RedisServer, missing

from truebook.commandlog.gateway import Gateway
from truebook.commandlog.interface import GENESIS, Once
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader


def test_marked_orders_are_read_again_by_a_server_that_was_killed(tmp_path):
    if reason := missing():
        pytest.skip(reason)
    server = RedisServer(tmp_path, "log")
    server.start()
    try:

        async def place() -> None:
            gateway = await Gateway.start(ValkeyLog(server.url("api")))
            await gateway.submit(order(1), 1, Once(b"m" * 16, 1 << 42))
            await gateway.close()

        asyncio.run(place())
        server.kill()
        server.start()
        reader = ValkeyLogReader(server.url("engine"))
        assert len(reader.read(GENESIS, 10, 0)) == 1
        reader.close()
    finally:
        server.stop()
