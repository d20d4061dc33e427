"""Every kind of URL reaches the server, and none shows its password."""

import asyncio
import itertools
import select
import socket
import ssl
import threading
import time

import pytest
from venue.certificate import write_certificate

from truebook.commandlog.address import parse
from truebook.commandlog.blocking import BlockingConnection
from truebook.commandlog.interface import GENESIS, LogUnavailable
from truebook.commandlog.resp import ConnectionLost
from truebook.commandlog.valkey_bus import ValkeyBus
from truebook.commandlog.valkey_log import ValkeyLog
from truebook.commandlog.valkey_reader import ValkeyLogReader

TEXTS = [b"a", bytes(range(256)) * 1024, b"c" * 20_000]
PATIENCE_S = 30.0
_shards = itertools.count(10_000)


def test_a_url_says_where_and_who():
    address = parse("redis://gate:p%40ss@log.example:6390/3")
    assert (address.host, address.port, address.database) == ("log.example", 6390, 3)
    assert address.handshake() == [("AUTH", "gate", "p@ss"), ("SELECT", 3)]
    assert parse("redis://:only@h").handshake() == [("AUTH", "only")]
    assert parse("unix:///run/a%20b.sock?db=2").path == "/run/a b.sock"
    assert parse("unix:///run/log.sock").handshake() == []
    assert parse("rediss://h").tls is not None
    assert parse("rediss://h").tls.verify_mode == ssl.CERT_REQUIRED
    assert parse("rediss://h?ssl_cert_reqs=none").tls.verify_mode == ssl.CERT_NONE


def test_a_password_is_never_shown():
    address = parse("redis://gate:secret@h:1/0")
    assert "secret" not in f"{address} {address!r}"


@pytest.mark.parametrize(
    "url",
    ["http://h", "h:6379", "redis://h?timeout=3", "rediss://h?ssl_cert_reqs=maybe", "redis://h,:1"],
)
def test_what_a_url_can_not_mean_is_refused(url):
    with pytest.raises(ValueError, match=r"URL|ssl_cert_reqs|without a host"):
        parse(url)


def test_a_url_may_name_several_servers():
    address = parse("redis://gate:a%2Cb@log-1,[::1]:6380,log-3:7/3")
    each = [(one.host, one.port, one.password, one.database) for one in address.each()]
    assert each == [("log-1", 6379, "a,b", 3), ("::1", 6380, "a,b", 3), ("log-3", 7, "a,b", 3)]
    assert str(address) == "log-1:6379,[::1]:6380,log-3:7"


@pytest.mark.parametrize(
    "url",
    [
        "redis://gate:secret/word@h:1",
        "redis://gate:x@h:secret",
        "redis://gate:x@h,i:secret",
        "redis://h/0?secret=secret",
    ],
)
def test_what_is_wrong_with_a_url_is_told_without_it(url):
    with pytest.raises(ValueError, match=r"URL|can't be") as raised:
        parse(url)
    assert "secret" not in str(raised.value).replace("'secret' means nothing", "")


def test_a_certificate_that_can_not_be_read_is_named(tmp_path):
    with pytest.raises(OSError, match=r"no\.pem can't be read: No such file"):
        parse(f"rediss://h?ssl_ca_certs={tmp_path}/no.pem")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    with pytest.raises(OSError, match=r"broken\.pem can't be read"):
        parse(f"rediss://h?ssl_ca_certs={broken}")


def check(url):
    """Append, read, follow and publish over a URL."""
    shard = next(_shards)

    async def append():
        log, bus = ValkeyLog(url, shard=shard), ValkeyBus(url, shard=shard)
        messages: asyncio.Queue[bytes] = asyncio.Queue()
        await bus.subscribe("a", messages.put_nowait)
        positions = [await log.append(text) for text in TEXTS]
        for text in TEXTS:
            await bus.publish("a", text)
        async with asyncio.timeout(PATIENCE_S):
            heard = [await messages.get() for _ in TEXTS]
        await log.close()
        await bus.close()
        assert heard == TEXTS
        return positions

    reader = ValkeyLogReader(url, shard=shard)
    assert reader.follow(GENESIS, 10) == []
    positions = asyncio.run(append())
    found = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < len(TEXTS):
        assert time.monotonic() < deadline, f"only {len(found)} of {len(TEXTS)} entries"
        found += reader.follow(found[-1].position if found else GENESIS, 10)
        if reader.fileno() >= 0:
            select.select([reader.fileno()], [], [], 0.01)
    assert [(e.position, e.data) for e in found] == list(zip(positions, TEXTS, strict=True))
    assert reader.read(GENESIS, 10, 0) == found
    reader.close()


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def test_log_and_bus_work_over_tcp(log_server):
    port = free_port()
    connection = BlockingConnection(parse(log_server.url))
    connection.open()
    try:
        connection.request("CONFIG", "SET", "port", port, seconds=5)
        check(f"redis://127.0.0.1:{port}")
    finally:
        connection.request("CONFIG", "SET", "port", 0, seconds=5)
        connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1, signed by itself, in one file."""
    path = tmp_path_factory.mktemp("tls") / "log.pem"
    write_certificate(path, "127.0.0.1")
    return path


@pytest.fixture
def tls_port(log_server, certificate):
    """A port that speaks TLS in front of the log server, which itself was built without."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    path, ready, stop = parse(log_server.url).path, threading.Event(), []
    port = free_port()

    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            writer.transport.abort()

    async def relay(reader, writer):
        to_reader, to_writer = await asyncio.open_unix_connection(path)
        copies = copy(reader, to_writer), copy(to_reader, writer)
        await asyncio.gather(*copies, return_exceptions=True)

    async def serve():
        end = asyncio.Event()
        stop.append((asyncio.get_running_loop(), end))
        async with await asyncio.start_server(relay, "127.0.0.1", port, ssl=context):
            ready.set()
            await end.wait()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.05)  # for the transports to close while there is a loop

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(5)
    yield port
    loop, end = stop[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(10)
    assert not thread.is_alive()


def test_log_and_bus_work_over_tls(tls_port, certificate):
    check(f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={certificate}")


def test_a_server_with_an_unknown_certificate_is_not_trusted(tls_port):
    url = f"rediss://127.0.0.1:{tls_port}"
    with pytest.raises(LogUnavailable, match="certificate"):
        ValkeyLogReader(url).read(GENESIS, 1, 0)
    with pytest.raises(LogUnavailable, match="certificate"):
        asyncio.run(ValkeyLog(url).last_position())


@pytest.mark.parametrize("family", [socket.AF_UNIX, socket.AF_INET])
def test_a_server_that_says_nothing_is_given_up_when_its_time_is_over(family, tmp_path):
    at, path = ("127.0.0.1", 0), str(tmp_path / "silent.sock")
    with socket.socket(family) as silent:
        silent.bind(path if family == socket.AF_UNIX else at)
        silent.listen()
        unix = family == socket.AF_UNIX
        url = f"unix://{path}" if unix else f"redis://127.0.0.1:{silent.getsockname()[1]}"
        connection = BlockingConnection(parse(url))
        connection.open()
        with pytest.raises(ConnectionLost, match=r"no answer within 0\.05 s"):
            connection.request("PING", seconds=0.05)
        assert not connection.is_open
