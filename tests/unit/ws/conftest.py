"""A bus of either kind for what the websocket server does on it."""

import itertools

import pytest

from truebook.commandlog.memory import MemoryBus, MemoryBusServer
from truebook.commandlog.server import start_bus_server
from truebook.commandlog.valkey_bus import ValkeyBus

_shards = itertools.count(1)


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory):
    server = start_bus_server(tmp_path_factory.mktemp("bus"))
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["memory", "valkey"])
def new_bus(request):
    """Makes clients of one bus, inside the running event loop."""
    if request.param == "memory":
        server = MemoryBusServer()
        return lambda: MemoryBus(server)
    url, shard = request.getfixturevalue("bus_server").url, next(_shards)
    return lambda: ValkeyBus(url, shard=shard)
