"""Log and bus of both kinds, for tests of what they promise: in memory, and on real servers.

The real ones share two private servers; each test has keys of its own.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from venue.archived import fill_stream

from truebook.commandlog.interface import (
    Bus,
    Log,
    Position,
    Publisher,
    RecoveryBook,
    StreamReader,
    Subscription,
    Trimmer,
)
from truebook.commandlog.memory import (
    MemoryBus,
    MemoryBusServer,
    MemoryLog,
    MemoryLogReader,
    MemoryLogServer,
    MemoryPublisher,
    MemorySubscription,
    MemoryTrimmer,
)
from truebook.commandlog.memory_recoveries import MemoryRecoveryBook
from truebook.commandlog.server import Server, start_bus_server, start_log_server
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_publisher import ValkeyPublisher, ValkeySubscription
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.commandlog.valkey_recoveries import ValkeyRecoveryBook
from truebook.commandlog.valkey_trimmer import ValkeyTrimmer

_shards = itertools.count(1)


@dataclass
class Logs:
    """Makes both sides of one log."""

    log: Callable[[], Log]
    reader: Callable[..., StreamReader]
    trimmer: Callable[[], Trimmer]
    fill: Callable[[int], list[Position]]
    """Appends so many entries, fast."""
    book: Callable[[], RecoveryBook]


@dataclass
class Buses:
    """Makes both sides of one bus."""

    bus: Callable[[], Bus]
    publisher: Callable[[], Publisher]
    subscription: Callable[[str], Subscription]


def _running(server: Server) -> Iterator[Server]:
    try:
        server.wait_ready()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def log_server(tmp_path_factory):
    yield from _running(start_log_server(tmp_path_factory.mktemp("log")))


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory):
    yield from _running(start_bus_server(tmp_path_factory.mktemp("bus")))


@pytest.fixture(params=["memory", "valkey"])
def logs(request):
    if request.param == "memory":
        server = MemoryLogServer()
        return Logs(
            lambda: MemoryLog(server),
            lambda name="": MemoryLogReader(server, name),
            lambda: MemoryTrimmer(server),
            lambda count: [server.append(b"entry") for _ in range(count)],
            lambda: MemoryRecoveryBook(server),
        )
    url, shard = request.getfixturevalue("log_server").url, next(_shards)
    return Logs(
        lambda: ValkeyLog(url, shard=shard),
        lambda name="": ValkeyLogReader(url, shard=shard, name=name),
        lambda: ValkeyTrimmer(url, shard=shard),
        lambda count: fill_stream(url, shard, [b"entry"] * count),
        lambda: ValkeyRecoveryBook(url, shard=shard),
    )


@pytest.fixture(params=["memory", "valkey"])
def buses(request):
    if request.param == "memory":
        server = MemoryBusServer()
        return Buses(
            lambda: MemoryBus(server),
            lambda: MemoryPublisher(server),
            lambda channel: MemorySubscription(server, channel),
        )
    url, shard = request.getfixturevalue("bus_server").url, next(_shards)
    return Buses(
        lambda: ValkeyBus(url, shard=shard),
        lambda: ValkeyPublisher(url, shard=shard),
        lambda channel: ValkeySubscription(url, channel, shard=shard),
    )
